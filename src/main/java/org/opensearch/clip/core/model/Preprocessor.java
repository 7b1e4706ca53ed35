// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.image.ImageSpec.Offset;
import org.opensearch.clip.core.image.ImageSpec.Resize;
import org.opensearch.clip.core.image.Resampler.Filter;

/**
 * Reads {@code preprocessor_config.json} in its dialects: the CLIP and SigLIP image processors of {@code transformers},
 * with their defaults for what is not written, and jina-clip's ({@code resize_mode}, {@code interpolation},
 * {@code mean}, {@code std}).
 */
final class Preprocessor {

    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
    private static final double[] HALF = {0.5, 0.5, 0.5};
    private static final int DEFAULT_SIZE = 224;

    private Preprocessor() {}

    /** @throws IllegalArgumentException when the processor does something that we do not */
    static ImageSpec read(Config config, Overrides overrides) {
        ImageSpec spec = config.has("resize_mode") || config.has("interpolation")
                ? jina(config, twice(DEFAULT_SIZE))
                : transformers(config);
        return fitted(spec, overrides);
    }

    /**
     * open_clip's {@code preprocess_cfg}, which has the names of jina-clip's.
     *
     * @param vision the tower's part of the model's configuration, which knows the size
     */
    static ImageSpec openClip(Config config, Config vision, Overrides overrides) {
        return fitted(jina(config, size(vision, "image_size", true)), overrides);
    }

    private static ImageSpec fitted(ImageSpec spec, Overrides overrides) {
        return spec.with(
                overrides.resizeMode().orElse(spec.resize()),
                overrides.fillColor().orElse(spec.fill()));
    }

    private static ImageSpec transformers(Config config) {
        String type = config.text("image_processor_type")
                .or(() -> config.text("feature_extractor_type"))
                .orElse("");
        boolean siglip = type.startsWith("Siglip") || type.startsWith("ViT");
        if (type.contains("Siglip2") && config.has("max_num_patches")) {
            throw config.wrong("max_num_patches", "a processor of fixed resolution");
        }
        if (!config.flag("do_resize").orElse(true)) {
            throw config.wrong("do_resize", "true");
        }
        boolean crop = config.flag("do_center_crop").orElse(!siglip);
        int[] size = size(config, "size", siglip);
        boolean squash = size.length == 2;
        int[] target =
                crop && config.has("crop_size") ? size(config, "crop_size", true) : squash ? size : twice(size[0]);
        if (!squash && !crop) {
            throw config.wrong(
                    "do_center_crop", "true, because [size] leaves pictures of another aspect ratio unequal in size");
        }
        double[] mean = config.numbers("image_mean").orElse(siglip ? HALF : CLIP_MEAN);
        double[] std = config.numbers("image_std").orElse(siglip ? HALF : CLIP_STD);
        int[] resized = squash ? size : twice(size[0]);
        Resize resize = squash ? Resize.SQUASH : Resize.SHORTEST;
        return spec(config, target, resize, resized, Offset.FLOOR, filter(config, type), mean, std, 0);
    }

    private static ImageSpec jina(Config config, int[] imageSize) {
        String mode = config.text("resize_mode").orElse("shortest").toUpperCase(Locale.ROOT);
        if (Arrays.stream(Resize.values()).noneMatch(r -> r.name().equals(mode))) {
            throw config.wrong(
                    "resize_mode", "one of " + Arrays.toString(Resize.values()).toLowerCase(Locale.ROOT));
        }
        String interpolation = config.text("interpolation").orElse("bicubic").toUpperCase(Locale.ROOT);
        Filter filter = Arrays.stream(Filter.values())
                .filter(f -> f.name().equals(interpolation))
                .findFirst()
                .orElseThrow(() -> config.wrong("interpolation", "bicubic, bilinear or lanczos"));
        int fill = config.integer("fill_color").orElse(0);
        double[] mean = config.numbers("mean").orElse(CLIP_MEAN);
        double[] std = config.numbers("std").orElse(CLIP_STD);
        int[] size = config.has("size") ? size(config, "size", true) : imageSize;
        return spec(config, size, Resize.valueOf(mode), size, Offset.HALF_EVEN, filter, mean, std, fill);
    }

    private static ImageSpec spec(
            Config config,
            int[] size,
            Resize resize,
            int[] resized,
            Offset offset,
            Filter filter,
            double[] mean,
            double[] std,
            int fill) {
        double rescale = config.flag("do_rescale").orElse(true)
                ? config.number("rescale_factor").orElse(1 / 255.0)
                : 1;
        boolean normalize = config.flag("do_normalize").orElse(true);
        try {
            return new ImageSpec(
                    size[1],
                    size[0],
                    resize,
                    resized[1],
                    resized[0],
                    offset,
                    filter,
                    rescale,
                    normalize ? mean : new double[3],
                    normalize ? std : new double[] {1, 1, 1},
                    fill);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + config.file() + "]: " + e.getMessage(), e);
        }
    }

    private static Filter filter(Config config, String type) {
        int code = config.integer("resample").orElse(type.startsWith("ViT") ? 2 : 3);
        return Arrays.stream(Filter.values())
                .filter(f -> f.code() == code)
                .findFirst()
                .orElseThrow(() -> config.wrong("resample", "1 (Lanczos), 2 (bilinear) or 3 (bicubic)"));
    }

    /**
     * A size in any of its spellings: {@code 224}, {@code [224, 224]}, {@code {"height": .., "width": ..}},
     * {@code {"shortest_edge": ..}}.
     *
     * @return one value for a shortest edge, height and width else
     */
    private static int[] size(Config config, String name, boolean numberIsSquare) {
        if (!config.has(name)) {
            return numberIsSquare ? twice(DEFAULT_SIZE) : new int[] {DEFAULT_SIZE};
        }
        if (config.isList(name) && config.integers(name).size() == 2) {
            return config.integers(name).stream().mapToInt(Integer::intValue).toArray();
        }
        if (config.isObject(name)) {
            Config size = config.at(name);
            Optional<Integer> shortest = size.integer("shortest_edge");
            if (shortest.isPresent() && !size.has("longest_edge")) {
                return new int[] {shortest.get()};
            }
            if (size.has("height") && size.has("width")) {
                return new int[] {
                    size.integer("height").get(), size.integer("width").get()
                };
            }
        } else if (!config.isList(name)) {
            int edge = config.integer(name).orElseThrow();
            return numberIsSquare ? twice(edge) : new int[] {edge};
        }
        throw config.wrong(name, "a number, {\"shortest_edge\"} or {\"height\", \"width\"}");
    }

    private static int[] twice(int edge) {
        return new int[] {edge, edge};
    }
}
