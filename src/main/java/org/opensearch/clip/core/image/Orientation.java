// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a stored picture is turned to be looked at: the eight values of the EXIF tag 0x0112, in their order. */
enum Orientation {
    UPRIGHT(false, false, false),
    FLIP_LEFT_RIGHT(false, true, false),
    ROTATE_180(false, true, true),
    FLIP_TOP_BOTTOM(false, false, true),
    TRANSPOSE(true, false, false),
    ROTATE_CLOCKWISE(true, false, true),
    TRANSVERSE(true, true, true),
    ROTATE_COUNTERCLOCKWISE(true, true, false);

    private static final int TAG = 0x0112;
    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    /** Rows become columns, after the mirrors. */
    final boolean swaps;

    final boolean mirrorsX;
    final boolean mirrorsY;

    Orientation(boolean swaps, boolean mirrorsX, boolean mirrorsY) {
        this.swaps = swaps;
        this.mirrorsX = mirrorsX;
        this.mirrorsY = mirrorsY;
    }

    /**
     * As Pillow decides: the EXIF tag, else what XMP says, else upright. Broken metadata counts as none.
     *
     * @param exif a TIFF stream, without {@code Exif\0\0}
     */
    static Orientation of(Optional<ByteBuffer> exif, Optional<String> xmp) {
        OptionalInt value = exif.isPresent() ? tag(exif.get()) : OptionalInt.empty();
        if (value.isEmpty() && xmp.isPresent()) {
            Matcher matcher = XMP.matcher(xmp.get());
            value = matcher.find() ? OptionalInt.of(matcher.group(1).charAt(0) - '0') : value;
        }
        int index = value.orElse(1) - 1;
        return index >= 0 && index < values().length ? values()[index] : UPRIGHT;
    }

    /** The tag in the first directory. The last of several counts; one read per entry, so no loop can be built. */
    private static OptionalInt tag(ByteBuffer buffer) {
        ByteBuffer tiff = buffer.slice();
        if (tiff.limit() < 8 || tiff.get(0) != tiff.get(1) || (tiff.get(0) != 'I' && tiff.get(0) != 'M')) {
            return OptionalInt.empty();
        }
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = Integer.toUnsignedLong(tiff.getInt(4));
        if (tiff.getShort(2) != 42 || directory > tiff.limit() - 2) {
            return OptionalInt.empty();
        }
        OptionalInt found = OptionalInt.empty();
        int entries = Short.toUnsignedInt(tiff.getShort((int) directory));
        int entry = (int) directory + 2;
        for (int i = 0; i < entries && entry + 12 <= tiff.limit(); i++, entry += 12) {
            if (Short.toUnsignedInt(tiff.getShort(entry)) == TAG && tiff.getInt(entry + 4) == 1) {
                switch (tiff.getShort(entry + 2)) {
                    case 1 -> found = OptionalInt.of(Byte.toUnsignedInt(tiff.get(entry + 8)));
                    case 3 -> found = OptionalInt.of(Short.toUnsignedInt(tiff.getShort(entry + 8)));
                    case 4, 9 -> found = OptionalInt.of(tiff.getInt(entry + 8));
                    default -> {}
                }
            }
        }
        return found;
    }
}
