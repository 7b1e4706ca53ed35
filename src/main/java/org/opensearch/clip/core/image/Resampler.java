package org.opensearch.clip.core.image;

/** Pillow's antialiased resize, bit for bit. */
public final class Resampler {

    /** Kernels under Pillow's names; {@code code} is the number in {@code preprocessor_config.json}. */
    public enum Filter {
        LANCZOS(1),
        BILINEAR(2),
        BICUBIC(3);

        private final int code;

        Filter(int code) {
            this.code = code;
        }

        public int code() {
            return code;
        }
    }

    private Resampler() {}
}
