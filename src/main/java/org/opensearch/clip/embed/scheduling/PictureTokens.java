// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import org.opensearch.clip.core.image.ImageSpec;

/**
 * What a hosted service would count a picture as: an estimate of a bill, for {@code usage} in the schemas of Jina and OpenAI. It covers the original with
 * square tiles, 1,000 tokens for each of 224 pixels (jina-clip-v1, and whatever else reads less than 512) or 4,000 for each of 512
 * (jina-clip-v2). Source: the announcements of the two models.
 */
final class PictureTokens {

    private PictureTokens() {}

    /**
     * @param width pixels of the original, as is {@code height}
     * @param tower how the model reads pictures
     */
    static int of(int width, int height, ImageSpec tower) {
        return tower.width() < 512 ? 1000 * tiles(width, height, 224) : 4000 * tiles(width, height, 512);
    }

    private static int tiles(int width, int height, int edge) {
        return Math.ceilDiv(width, edge) * Math.ceilDiv(height, edge);
    }
}
