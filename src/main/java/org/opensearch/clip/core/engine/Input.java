// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.Objects;
import org.opensearch.clip.core.model.Modality;

/**
 * One thing to embed: a text, or the encoded bytes (JPEG, PNG, ..) of a picture. Immutable by convention: nobody writes
 * to {@code bytes}.
 */
public sealed interface Input {

    /** What a text is to a search; some models embed the two differently. */
    enum Side {
        QUERY,
        PASSAGE
    }

    /** The tower that reads this input. */
    Modality modality();

    /** A text of any length; the tower cuts it at its own number of tokens. */
    record Text(String text, Side side) implements Input {
        public Text {
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(side, "side");
        }

        /** A document's text. */
        public Text(String text) {
            this(text, Side.PASSAGE);
        }

        @Override
        public Modality modality() {
            return Modality.TEXT;
        }
    }

    /**
     * The file of a picture, as it was uploaded or fetched.
     *
     * @param described whether {@link org.opensearch.clip.core.image.ImageInfo} is wanted of it
     */
    record Image(byte[] bytes, boolean described) implements Input {
        public Image {
            Objects.requireNonNull(bytes, "bytes");
        }

        public Image(byte[] bytes) {
            this(bytes, false);
        }

        @Override
        public Modality modality() {
            return Modality.IMAGE;
        }
    }
}
