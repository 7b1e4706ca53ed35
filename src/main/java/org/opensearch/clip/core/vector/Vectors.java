package org.opensearch.clip.core.vector;

/** Arithmetic on embeddings. Never changes an argument. */
public final class Vectors {
    private Vectors() {}

    /**
     * @return {@code v} scaled to length 1
     * @throws IllegalArgumentException for a zero vector or one that is not finite
     */
    public static float[] normalize(float[] v) {
        throw new UnsupportedOperationException();
    }

    /**
     * The first {@code dimensions} values (Matryoshka); truncate, then normalise.
     *
     * @throws IllegalArgumentException unless {@code dimensions} is in [1, v.length]
     */
    public static float[] truncate(float[] v, int dimensions) {
        throw new UnsupportedOperationException();
    }
}
