// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Pictures to what a tower reads, in one pass: a row is decoded, resized and normalised before the next, where the format lets it. The memory in which that is done is
 * kept for the next picture. Safe for use by many threads.
 */
public final class ImagePreprocessor {

    /** Of what is kept for the next picture; large ones of extreme shape take more. */
    private static final long MOST_KEPT_BYTES = 12 << 20;

    private final ImageDecoder decoder;
    private final boolean scaled;
    private final ConcurrentLinkedDeque<Scratch> idle = new ConcurrentLinkedDeque<>();

    /** @param scaled whether large pictures may be decoded at a fraction of their size, which changes their pixels a little */
    public ImagePreprocessor(ImageDecoder decoder, boolean scaled) {
        this.decoder = decoder;
        this.scaled = scaled;
    }

    /**
     * @param pixels as the tower reads them
     * @param width of the whole picture, turned
     * @param height of the whole picture, turned
     * @param info {@code null} where it was not asked for
     */
    public record Made(TowerPixels pixels, int width, int height, ImageInfo info) {}

    /**
     * @param described whether {@link Made#info()} is wanted; it is of the picture at its full size
     * @throws ImageException when the picture cannot be read
     */
    public Made make(byte[] file, ImageSpec spec, boolean described) {
        ImageDecoder.Picture picture = ImageDecoder.open(file);
        ImageDecoder.Header header = picture.header();
        Orientation orientation = ImageDecoder.orientation(picture);
        int width = orientation.swaps ? header.height() : header.width();
        int height = orientation.swaps ? header.width() : header.height();
        Planes planes = new Planes(spec, width, height);
        Scratch scratch = take();
        try (Resampler resampler = planes.resampler(scratch, orientation)) {
            if (!described) {
                decoder.rows(picture, resampler, scaled ? planes.reduction(width, height) : 1);
                return new Made(planes, width, height, null);
            }
            Scratch second = take();
            try (InfoRows info = new InfoRows(resampler, second, orientation, width, height)) {
                decoder.rows(picture, info, 1);
                return new Made(planes, width, height, info.info(header.format()));
            } finally {
                give(second);
            }
        } finally {
            give(scratch);
        }
    }

    private Scratch take() {
        Scratch scratch = idle.poll();
        return scratch == null ? new Scratch() : scratch;
    }

    private void give(Scratch scratch) {
        if (scratch.bytes() <= MOST_KEPT_BYTES) {
            idle.push(scratch);
        }
    }
}
