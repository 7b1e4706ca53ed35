// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * One picture through a reader of ImageIO's interface that is named, never looked for: what a class path registers cannot
 * answer. ImageIO's global cache is not used, metadata not read. Safe for use by many threads.
 */
final class SpiReader {

    private final ImageReaderSpi provider;

    SpiReader(ImageReaderSpi provider) {
        this.provider = provider;
    }

    /**
     * The JDK's own.
     *
     * @param format jpeg, png, gif or bmp
     */
    static SpiReader jdk(String format) {
        Iterator<ImageReaderSpi> providers = IIORegistry.getDefaultInstance()
                .getServiceProviders(
                        ImageReaderSpi.class,
                        candidate -> candidate.getClass().getModule() == ImageIO.class.getModule()
                                && List.of(((ImageReaderSpi) candidate).getFormatNames())
                                        .contains(format),
                        false);
        return new SpiReader(providers.next());
    }

    /**
     * The raw samples of the first frame, before any colour conversion where the reader can do so.
     *
     * @param width what the file's header says: a reader that finds another size is not let to allocate it
     * @throws IOException when the file is broken
     */
    Raster read(byte[] file, int width, int height) throws IOException {
        ImageReader reader = provider.createReaderInstance();
        try (Bytes input = new Bytes(file)) {
            reader.setInput(input, true, true);
            if (reader.getWidth(0) != width || reader.getHeight(0) != height) {
                throw new IIOException("headers contradict each other");
            }
            return reader.canReadRaster()
                    ? reader.readRaster(0, null)
                    : reader.read(0).getRaster();
        } finally {
            reader.dispose();
        }
    }

    /** A file that is in memory already. */
    private static final class Bytes extends ImageInputStreamImpl {
        private final byte[] bytes;

        Bytes(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() {
            bitOffset = 0;
            return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xFF : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            bitOffset = 0;
            int count = (int) Math.min(length, bytes.length - streamPos);
            if (count <= 0) {
                return length == 0 ? 0 : -1;
            }
            System.arraycopy(bytes, (int) streamPos, target, offset, count);
            streamPos += count;
            return count;
        }

        @Override
        public long length() {
            return bytes.length;
        }
    }
}
