package org.opensearch.clip.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.common.hash.MessageDigests;

/**
 * What tells two embedding spaces apart: the bytes of the files, and how inputs become tensors and tensors a vector. Written
 * out field by field and never by {@code toString}, because a fingerprint must not change with the code: it is compared with
 * those in the cluster state and in the metadata of indices, for years.
 */
final class Fingerprint {

    private final StringBuilder text = new StringBuilder("space 1\n");

    private Fingerprint() {}

    /** @return 64 lower-case hexadecimal digits */
    static String of(ModelDescription model, List<Artifact> files) {
        Fingerprint f = new Fingerprint();
        files.stream().map(Artifact::sha256).sorted().forEach(hash -> f.add("file", hash));
        f.add("dimension", model.dimension());
        model.text().ifPresent(f::text);
        model.image().ifPresent(f::image);
        MessageDigest sha256 = MessageDigests.sha256();
        return MessageDigests.toHexString(sha256.digest(f.text.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private void text(Tower.Text tower) {
        add("text.pooling", lower(tower.pooling()));
        add("text.max_tokens", tower.maxTokens());
        add("text.fixed_length", tower.fixedLength());
        add("text.pad_id", tower.padId());
        add("text.query_prompt", tower.queryPrompt());
        add("text.passage_prompt", tower.passagePrompt());
    }

    private void image(Tower.Image tower) {
        ImageSpec pixels = tower.pixels();
        add("image.pooling", lower(tower.pooling()));
        add("image.size", pixels.width() + "x" + pixels.height());
        add("image.resize", lower(pixels.resize()));
        add("image.filter", lower(pixels.filter()));
        add("image.rescale", pixels.rescale());
        add("image.mean", Arrays.toString(pixels.mean()));
        add("image.std", Arrays.toString(pixels.std()));
        add("image.fill", pixels.fill());
    }

    /** The length keeps two values apart from one that contains a line break. */
    private void add(String key, Object value) {
        String string = String.valueOf(value);
        text.append(key).append('=').append(string.length()).append(':').append(string).append('\n');
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
