// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.Objects;
import org.opensearch.clip.core.model.Modality;

/**
 * One thing to embed: a text, or the encoded bytes (JPEG, PNG, ..) of a picture. Immutable by convention: nobody writes
 * to {@code bytes}.
 */
public sealed interface Input {

    /** The tower that reads this input. */
    Modality modality();

    /** A text of any length; the tower cuts it at its own number of tokens. */
    record Text(String text) implements Input {
        public Text {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public Modality modality() {
            return Modality.TEXT;
        }
    }

    /** The file of a picture, as it was uploaded or fetched. */
    record Image(byte[] bytes) implements Input {
        public Image {
            Objects.requireNonNull(bytes, "bytes");
        }

        @Override
        public Modality modality() {
            return Modality.IMAGE;
        }
    }
}
