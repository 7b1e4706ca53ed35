// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.List;
import org.opensearch.clip.core.vector.Fusion;

/**
 * How the vector of a text and that of pictures become one.
 *
 * @param text weight of the text's vector, at least 0
 * @param image weight of the pictures' vector, at least 0; not both are 0
 */
record Mix(Technique technique, double text, double image) {

    enum Technique {
        /** Half and half, or by weight. */
        WEIGHTED_MEAN,
        /** Along the arc between them, {@code image / (text + image)} of the way from the text to the pictures. */
        SLERP
    }

    static final Mix MEAN = new Mix(Technique.WEIGHTED_MEAN, 1, 1);

    /** @param fusion {@code null} = the mean */
    static Mix read(Config fusion) {
        if (fusion == null) {
            return MEAN;
        }
        String name = fusion.choice(
                "technique", fusion.has("weights") ? "weighted_mean" : "mean", "mean", "weighted_mean", "slerp");
        Config weights = fusion.object("weights");
        fusion.requireEmpty();
        if (name.equals("mean") && weights != null) {
            throw fusion.refused("weights", "belong to the techniques [weighted_mean] and [slerp], not to [mean]");
        }
        if (name.equals("weighted_mean") && weights == null) {
            throw fusion.refused("weights", "are required by the technique [weighted_mean]");
        }
        Technique technique = name.equals("slerp") ? Technique.SLERP : Technique.WEIGHTED_MEAN;
        if (weights == null) {
            return new Mix(technique, 1, 1);
        }
        double text = weights.weight("text");
        double image = weights.weight("image");
        weights.requireEmpty();
        if (text + image == 0) {
            throw fusion.refused("weights", "are both 0");
        }
        return new Mix(technique, text, image);
    }

    /**
     * @param ofText of length 1
     * @param ofImages of length 1
     * @return of length 1
     * @throws IllegalArgumentException when they cancel each other out
     */
    float[] of(float[] ofText, float[] ofImages) {
        return switch (technique) {
            case WEIGHTED_MEAN -> Fusion.weightedMean(List.of(ofText, ofImages), new double[] {text, image});
            case SLERP -> Fusion.slerp(ofText, ofImages, image / (text + image));
        };
    }
}
