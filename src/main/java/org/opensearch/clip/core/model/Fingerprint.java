// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.text.Cleaning;

/**
 * The hash of a text with one line for each thing that moves vectors. Its form is a contract: indices keep
 * fingerprints, so a line may only be added where it is absent for every model that there was before.
 */
record Fingerprint(UnaryOperator<String> sha256) {

    private static final int DIGITS = 32;

    /** @param weights graph -> the files that hold its weights */
    String of(ModelDescription description, Overrides overrides, Function<String, List<String>> weights) {
        String text = text(description, overrides, weights);
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    String text(ModelDescription description, Overrides overrides, Function<String, List<String>> weights) {
        var lines = new StringBuilder("space 1\n");
        line(lines, "dimension", overrides.dimensions().orElse(description.dimension()));
        line(lines, "normalize", overrides.normalize().orElse(true));
        description.text().ifPresent(t -> {
            hashes(lines, "text.graph", weights.apply(t.graph()));
            hashes(lines, "text.tokenizer", List.of(t.tokenizer()));
            line(lines, "text.pooling", t.pooling());
            line(lines, "text.max_tokens", t.maxTokens());
            line(lines, "text.padding", t.padId() + (t.padding() == Tower.Padding.SEEN ? " always" : ""));
            line(lines, "text.query_prompt", quoted(t.query().prompt()));
            line(lines, "text.passage_prompt", quoted(t.passage().prompt()));
            if (t.cleaning() != Cleaning.NONE) {
                line(lines, "text.cleaning", t.cleaning());
            }
            t.query().task().ifPresent(task -> line(lines, "text.query_task", task));
            t.passage().task().ifPresent(task -> line(lines, "text.passage_task", task));
        });
        description.image().ifPresent(i -> {
            hashes(lines, "image.graph", weights.apply(i.graph()));
            line(lines, "image.pooling", i.pooling());
            pixels(lines, i.pixels());
        });
        return lines.toString();
    }

    private static void pixels(StringBuilder lines, ImageSpec spec) {
        line(lines, "image.size", spec.width() + "x" + spec.height());
        line(
                lines,
                "image.resize",
                spec.resize() + (spec.resize() == ImageSpec.Resize.LONGEST ? " " + spec.fill() : ""));
        if (spec.resizeWidth() != spec.width() || spec.resizeHeight() != spec.height()) {
            line(lines, "image.resize_to", spec.resizeWidth() + "x" + spec.resizeHeight());
        }
        if (spec.offset() != ImageSpec.Offset.FLOOR && spec.resize() == ImageSpec.Resize.SHORTEST) {
            line(lines, "image.offset", spec.offset());
        }
        line(lines, "image.filter", spec.filter());
        line(lines, "image.rescale", Double.toHexString(spec.rescale()));
        for (int c = 0; c < 3; c++) {
            line(lines, "image.channel", Double.toHexString(spec.mean()[c]) + " " + Double.toHexString(spec.std()[c]));
        }
    }

    private void hashes(StringBuilder lines, String name, List<String> files) {
        files.forEach(file -> line(lines, name, sha256.apply(file)));
    }

    private static void line(StringBuilder lines, String name, Object value) {
        lines.append(name).append(' ').append(value).append('\n');
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\n", "\\n") + '"';
    }
}
