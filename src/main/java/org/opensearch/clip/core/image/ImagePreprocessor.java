package org.opensearch.clip.core.image;

/** Pixels of any size to the planar floats of a tower, as the Hugging Face image processors make them. */
public final class ImagePreprocessor {

    private ImagePreprocessor() {}

    /** @return {@code [3][spec.height()][spec.width()]} planar R, G, B, row-major, {@link ImageSpec#floats()} values */
    public static float[] pixels(RgbImage image, ImageSpec spec) {
        throw new UnsupportedOperationException();
    }
}
