// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.opensearch.Version;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.common.io.stream.NamedWriteableAwareStreamInput;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.common.transport.TransportAddress;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.index.query.TermQueryBuilder;

/**
 * Holds what nodes send each other to the bytes in {@code wire/goldens.properties}: {@code name.1} is what nodes from before the first
 * release send, {@code name.2} has a frame. A line is never changed once a release has sent it.
 */
public final class GoldenBytes {

    private static final byte[] LATER = {1, 2, 3};

    private static final StackWalker STACK = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final NamedWriteableRegistry registry = new NamedWriteableRegistry(List.of(
            new NamedWriteableRegistry.Entry(QueryBuilder.class, TermQueryBuilder.NAME, TermQueryBuilder::new)));
    private final Properties goldens = new Properties();
    private final Set<String> writers = new TreeSet<>();

    public GoldenBytes() throws IOException {
        try (InputStream in = GoldenBytes.class.getResourceAsStream("/wire/goldens.properties")) {
            goldens.load(in);
        }
    }

    /** A node that is the same everywhere. */
    public static DiscoveryNode node() throws IOException {
        var address = new TransportAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 9300);
        return new DiscoveryNode("n", "i", "run", "host", "127.0.0.1", address, Map.of(), Set.of(), Version.V_3_0_0);
    }

    /** A form that has, and has not, a frame, as the stream says. */
    public <T extends Writeable> void both(String name, T sample, Writeable.Reader<T> reader) throws IOException {
        both(name, sample, reader, 0);
    }

    /** @param known bytes of the tail, of fields that came later */
    public <T extends Writeable> void both(String name, T sample, Writeable.Reader<T> reader, int known)
            throws IOException {
        without(name, out -> sample.writeTo(OldForm.of(out)), in -> {
            T read = reader.read(OldForm.of(in));
            return out -> read.writeTo(OldForm.of(out));
        });
        framed(name, sample, reader, known);
    }

    /** A form that never has a frame. */
    public <T extends Writeable> T without(String name, Writeable sample, Writeable.Reader<T> reader)
            throws IOException {
        byte[] golden = golden(name + ".1", sample);
        T read = read(golden, reader);
        assertArrayEquals(name + ".1 written again", golden, bytes(read));
        return read;
    }

    /** A form that always has a frame: its reader also passes over what a later release adds. */
    public <T extends Writeable> T framed(String name, T sample, Writeable.Reader<T> reader) throws IOException {
        return framed(name, sample, reader, 0);
    }

    /** @param known bytes of the tail, of fields that came later */
    private <T extends Writeable> T framed(String name, T sample, Writeable.Reader<T> reader, int known)
            throws IOException {
        byte[] golden = golden(name + ".2", sample);
        T read = read(golden, reader);
        assertArrayEquals(name + ".2 written again", golden, bytes(read));
        int tail = golden.length - 1 - known;
        assertEquals(name + " ends with its tail", known, golden[tail]);
        BytesStreamOutput longer = new BytesStreamOutput();
        longer.writeBytes(golden, 0, tail);
        longer.writeVInt(known + LATER.length);
        longer.writeBytes(golden, tail + 1, known);
        longer.writeBytes(LATER, 0, LATER.length);
        T later = read(BytesReference.toBytes(longer.bytes()), reader);
        assertArrayEquals(name + ".2 with a longer tail", golden, bytes(later));
        return read;
    }

    /** A form of ours in the middle of one of core's: the frame is not at its end. */
    public <T extends Writeable> void within(String name, T sample, Writeable.Reader<T> reader) throws IOException {
        byte[] golden = golden(name + ".2", sample);
        assertArrayEquals(name + ".2 written again", golden, bytes(read(golden, reader)));
    }

    /** Names of the classes that wrote at least a byte of what was compared. */
    Set<String> writers() {
        return writers;
    }

    /** Reads what is written under a name. */
    public <T> T read(String name, Writeable.Reader<T> reader) throws IOException {
        return read(HexFormat.of().parseHex(goldens.getProperty(name)), reader);
    }

    private byte[] golden(String name, Writeable sample) throws IOException {
        String hex = HexFormat.of().formatHex(bytes(sample));
        assertNotNull(name + "=" + hex + " is not among the goldens", goldens.getProperty(name));
        assertEquals(name, goldens.getProperty(name), hex);
        return HexFormat.of().parseHex(hex);
    }

    private byte[] bytes(Writeable value) throws IOException {
        BytesStreamOutput out = new BytesStreamOutput() {
            @Override
            public void writeByte(byte b) {
                noteWriters();
                super.writeByte(b);
            }

            @Override
            public void writeBytes(byte[] b, int offset, int length) {
                noteWriters();
                super.writeBytes(b, offset, length);
            }
        };
        value.writeTo(out);
        return BytesReference.toBytes(out.bytes());
    }

    private void noteWriters() {
        STACK.forEach(frame -> writers.add(frame.getDeclaringClass().getName()));
    }

    private <T> T read(byte[] bytes, Writeable.Reader<T> reader) throws IOException {
        try (StreamInput in = new NamedWriteableAwareStreamInput(new BytesArray(bytes).streamInput(), registry)) {
            T read = reader.read(in);
            assertEquals("bytes that nobody read", 0, in.available());
            return read;
        }
    }
}
