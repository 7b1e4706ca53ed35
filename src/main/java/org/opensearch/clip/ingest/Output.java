// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.List;
import java.util.stream.Stream;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.ingest.IngestDocument;

/** Something that a document's inputs become. */
interface Output {

    /** The field that it is written to. */
    FieldPath target();

    Stream<Part> parts();

    /** Whether the document carries one already, as when it is indexed again. */
    boolean isThere(IngestDocument document);

    /** What it is made of. */
    Origin origin(String fingerprint, Options options);

    /**
     * @return none where the document is left as it is
     * @throws RuntimeException of the status of what went wrong
     */
    List<Change> make(Answers answers, Options options);

    /** To be written: first all of a document's changes are asked whether they can, then all are made. */
    interface Change {
        /** Of the vectors that the document gets. */
        default long values() {
            return 0;
        }

        /** @throws IllegalArgumentException when {@link #apply} would fail */
        void require(IngestDocument document);

        void apply(IngestDocument document);
    }

    /** A field that gets a value. */
    record Set(FieldPath field, Object value) implements Change {
        @Override
        public long values() {
            return value instanceof List<?> list ? list.size() : 0;
        }

        @Override
        public void require(IngestDocument document) {
            field.requireSettable(document);
        }

        @Override
        public void apply(IngestDocument document) {
            field.set(document, value);
        }
    }

    /** A field that must not keep what it has. */
    record Unset(FieldPath field) implements Change {
        @Override
        public void require(IngestDocument document) {}

        @Override
        public void apply(IngestDocument document) {
            field.remove(document);
        }
    }
}
