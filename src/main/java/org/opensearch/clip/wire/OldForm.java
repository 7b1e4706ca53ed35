// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import java.io.IOException;
import org.opensearch.core.common.io.stream.FilterStreamInput;
import org.opensearch.core.common.io.stream.NamedWriteable;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;

/**
 * Streams on which {@link Frame} writes and reads nothing: the form of nodes from before the first release, which a rolling upgrade
 * still meets. To be deleted, with the old names, after that release.
 */
public final class OldForm {
    private OldForm() {}

    static boolean is(StreamOutput out) {
        return out instanceof Out;
    }

    static boolean is(StreamInput in) {
        return in instanceof In;
    }

    public static StreamOutput of(StreamOutput out) {
        return new Out(out);
    }

    public static StreamInput of(StreamInput in) {
        return new In(in);
    }

    private static final class In extends FilterStreamInput {
        private In(StreamInput in) {
            super(in);
        }

        @Override
        public <C extends NamedWriteable> C readNamedWriteable(Class<C> category) throws IOException {
            return delegate.readNamedWriteable(category);
        }

        @Override
        public <C extends NamedWriteable> C readNamedWriteable(Class<C> category, String name) throws IOException {
            return delegate.readNamedWriteable(category, name);
        }
    }

    private static final class Out extends StreamOutput {
        private final StreamOutput out;

        private Out(StreamOutput out) {
            this.out = out;
            setVersion(out.getVersion());
        }

        @Override
        public void writeByte(byte b) throws IOException {
            out.writeByte(b);
        }

        @Override
        public void writeBytes(byte[] bytes, int offset, int length) throws IOException {
            out.writeBytes(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }

        @Override
        public void reset() throws IOException {
            out.reset();
        }
    }
}
