// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.image.Resampler;
import org.opensearch.test.OpenSearchTestCase;

public class PictureTokensTests extends OpenSearchTestCase {

    private static int tokens(int width, int height, int modelReads) {
        var spec = new ImageSpec(
                modelReads,
                modelReads,
                ImageSpec.Resize.SHORTEST,
                Resampler.Filter.BICUBIC,
                1 / 255.0,
                new double[3],
                new double[] {1, 1, 1},
                0);
        return PictureTokens.of(width, height, spec);
    }

    public void testJinaClipV1CountsTilesOf224Pixels() {
        assertEquals(12_000, tokens(750, 500, 224));
        assertEquals(12_000, tokens(500, 750, 224));
        assertEquals(1_000, tokens(224, 224, 224));
        assertEquals(2_000, tokens(225, 224, 224));
        assertEquals(1_000, tokens(1, 1, 224));
    }

    public void testJinaClipV2CountsTilesOf512Pixels() {
        assertEquals(4_000, tokens(512, 512, 512));
        assertEquals(16_000, tokens(720, 720, 512));
        assertEquals(36_000, tokens(1080, 1080, 512));
    }

    public void testOtherModelsCountLikeTheOneOfTheirSize() {
        assertEquals(12_000, tokens(750, 500, 384));
        assertEquals(85_849_000, tokens(65_535, 65_535, 64));
    }
}
