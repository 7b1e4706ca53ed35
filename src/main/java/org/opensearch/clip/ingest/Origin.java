// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.ingest.DocumentFields.Part;

/**
 * What a field was made of, in hashes: kept in the document, so that who indexes it again need not embed what is the same. Texts
 * and pictures apart, because pictures may have been removed once they were embedded.
 *
 * @param how the model's fingerprint and every parameter that changes the outcome
 * @param text {@value #NONE} when there was none
 * @param images {@value #NONE} when there was none; a picture by URL is its URL
 */
record Origin(String how, String text, String images) {
    static final String NONE = "-";

    /** 64 bits: nobody gains by a collision but a stale vector of his own. */
    private static final int DIGITS = 16;

    /**
     * @param how to make it, the model's fingerprint included
     * @param text may be null
     */
    static Origin of(String how, Part text, List<List<Part>> groups) {
        boolean none = groups.stream().allMatch(List::isEmpty);
        return new Origin(hash(how), text == null ? NONE : hash(content(text)), none ? NONE : hash(pictures(groups)));
    }

    private static String pictures(List<List<Part>> groups) {
        var all = new StringBuilder();
        for (List<Part> group : groups) {
            all.append('[');
            group.forEach(part -> all.append(hash(content(part))));
        }
        return all.toString();
    }

    private static String content(Part part) {
        return switch (part.source()) {
            case Source.Text text -> text.text();
            case Source.Image image -> image.image();
        };
    }

    private static String hash(String content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Whether what was made of {@code before} is what would be made of this. */
    boolean isCoveredBy(String before, boolean picturesAreRemoved) {
        if (toString().equals(before)) {
            return true;
        }
        return picturesAreRemoved && images.equals(NONE) && before != null && before.startsWith(how + "." + text + ".");
    }

    /** As documents keep it. */
    @Override
    public String toString() {
        return how + "." + text + "." + images;
    }
}
