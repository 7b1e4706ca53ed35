// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * libjpeg-turbo and libwebp as libleptonica carries them, called through the node's JNA. Its symbols stay its own (RTLD_LOCAL): they must not come before those of
 * other libraries. It says nothing on standard error itself; libjpeg's line about a damaged file cannot be turned off from outside. What it is given has been looked
 * at before, by {@link JpegSegments} and {@link WebpPicture}. Safe for use by many threads.
 */
public final class Leptonica {

    private static final int RTLD_NOW = 2;
    private static final int SEVERITY_NONE = 6;

    /** A damaged file gives the picture that Pillow gives, not none. */
    private static final int CONTINUE_WITH_BAD_DATA = 2;

    private static final int BITS_OF_A_WORD = 32;

    private final Function readJpeg;
    private final Function readWebp;
    private final Function width;
    private final Function height;
    private final Function depth;
    private final Function wordsPerLine;
    private final Function data;
    private final Function destroy;

    private Leptonica(NativeLibrary library) {
        this.readJpeg = library.getFunction("pixReadMemJpeg");
        this.readWebp = library.getFunction("WebPDecodeBGRAInto");
        this.width = library.getFunction("pixGetWidth");
        this.height = library.getFunction("pixGetHeight");
        this.depth = library.getFunction("pixGetDepth");
        this.wordsPerLine = library.getFunction("pixGetWpl");
        this.data = library.getFunction("pixGetData");
        this.destroy = library.getFunction("pixDestroy");
        library.getFunction("setMsgSeverity").invokeInt(new Object[] {SEVERITY_NONE});
    }

    /**
     * The library for this machine, of those below {@code folder}.
     *
     * @throws UnsatisfiedLinkError when there is none that can be loaded here
     */
    public static Leptonica open(Path folder) {
        Path file = folder.resolve(platform()).resolve(Platform.isMac() ? "libleptonica.6.dylib" : "libleptonica.so.6");
        if (!Files.isReadable(file)) {
            throw new UnsatisfiedLinkError("none for " + platform());
        }
        // On Linux RTLD_LOCAL is 0, on macOS it is 4.
        int flags = RTLD_NOW | (Platform.isMac() ? 4 : 0);
        return new Leptonica(
                NativeLibrary.getInstance(file.toAbsolutePath().toString(), Map.of(Library.OPTION_OPEN_FLAGS, flags)));
    }

    /** As bytedeco names it. */
    private static String platform() {
        String system =
                Platform.isMac() ? "macosx" : System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return system + "-" + (Platform.isARM() ? "arm64" : "x86_64");
    }

    /**
     * @param reduction 1, 2, 4 or 8: each edge divided by it, rounded up
     * @throws IOException when libjpeg makes nothing of it
     */
    Pix jpeg(Memory file, int reduction) throws IOException {
        Pointer pix = readJpeg.invokePointer(
                new Object[] {file, file.size(), 0, reduction, Pointer.NULL, CONTINUE_WITH_BAD_DATA});
        if (pix == null) {
            throw new IOException("libjpeg makes nothing of it");
        }
        return new Pix(pix);
    }

    /**
     * @param width as the frame's header says it
     * @return its pixels, BGRA
     * @throws IOException when libwebp makes nothing of it
     */
    Memory webp(Memory file, int width, int height) throws IOException {
        int stride = Integer.BYTES * width;
        Memory pixels = new Memory((long) stride * height);
        if (readWebp.invokePointer(new Object[] {file, file.size(), pixels, pixels.size(), stride}) == null) {
            pixels.close();
            throw new IOException("libwebp makes nothing of it");
        }
        return pixels;
    }

    /** A decoded picture outside the heap. For one thread. */
    final class Pix implements AutoCloseable {
        private final Pointer pix;
        private final Pointer pixels;
        private final int words;

        private Pix(Pointer pix) {
            this.pix = pix;
            this.pixels = data.invokePointer(new Object[] {pix});
            this.words = wordsPerLine.invokeInt(new Object[] {pix});
        }

        int width() {
            return width.invokeInt(new Object[] {pix});
        }

        int height() {
            return height.invokeInt(new Object[] {pix});
        }

        /** Whether a pixel is a byte, else it is a word. */
        boolean isGray() {
            return depth.invokeInt(new Object[] {pix}) < BITS_OF_A_WORD;
        }

        /** The words of row {@code y}. */
        void read(int y, int[] target) {
            pixels.read((long) y * words * Integer.BYTES, target, 0, words);
        }

        int words() {
            return words;
        }

        @Override
        public void close() {
            PointerByReference reference = new PointerByReference(pix);
            destroy.invokeVoid(new Object[] {reference});
        }
    }
}
