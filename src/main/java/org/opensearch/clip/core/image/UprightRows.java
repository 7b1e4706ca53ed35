// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/** All of a picture, turned. For one thread. */
final class UprightRows implements Rows {

    private final Orientation orientation;
    private int width;
    private int height;
    private int[] row;
    private int y;
    private RgbImage image;
    private Resampler.Target target;

    UprightRows(Orientation orientation) {
        this.orientation = orientation;
    }

    @Override
    public void begin(int storedWidth, int storedHeight) {
        width = storedWidth;
        height = storedHeight;
        row = new int[width];
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        image = new RgbImage(orientation.swaps ? height : width, orientation.swaps ? width : height, rgb);
        target = RgbImage.target(rgb);
    }

    @Override
    public int[] room() {
        return row;
    }

    @Override
    public void filled() {
        target.line(row, width, at(0, y), at(1, y) - at(0, y));
        y++;
    }

    RgbImage image() {
        return image;
    }

    private int at(int x, int stored) {
        int u = orientation.mirrorsX ? width - 1 - x : x;
        int v = orientation.mirrorsY ? height - 1 - stored : stored;
        return orientation.swaps ? u * height + v : v * width + u;
    }
}
