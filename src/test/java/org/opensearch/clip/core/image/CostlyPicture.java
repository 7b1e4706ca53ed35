// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import org.w3c.dom.Node;

/** The pictures that cost most, for their format and number of pixels, of what is not refused; 10 MB or less for 50 megapixels. */
public enum CostlyPicture {
    PNG_16_BITS {
        @Override
        byte[] file(int edge) {
            return png(new PngFile(6, 16, false), edge, 160, 1 << 16);
        }
    },
    PNG_INTERLACED {
        @Override
        byte[] file(int edge) {
            return png(new PngFile(6, 16, true), edge, 180, 1 << 16);
        }
    },
    PNG_SMALL_CHUNKS {
        @Override
        byte[] file(int edge) {
            return png(new PngFile(6, 16, false), edge, 800, 8);
        }
    },
    WEBP_COPIES {
        @Override
        byte[] file(int edge) {
            return new Vp8lFile(
                            edge, edge, 3, Math.min(edge / 8 * (edge / 8), 4096) - 1, 11, 3, Vp8lFile.Content.COPIES)
                    .bytes();
        }
    },
    WEBP_GROUPS {
        @Override
        byte[] file(int edge) {
            return new Vp8lFile(
                            edge, edge, 4, Math.min(edge / 16 * (edge / 16), 4096) - 1, 11, 3, Vp8lFile.Content.FLAT)
                    .bytes();
        }
    },
    WEBP_LOSSY {
        @Override
        byte[] file(int edge) throws IOException {
            var param = new WebPWriteParam(Locale.ROOT);
            param.setCompressionType("Lossy");
            param.setCompressionQuality(0.75f);
            param.setMethod(1);
            return write(
                    new WebPImageWriterSpi().createWriterInstance(null),
                    param,
                    noise(edge, 20, BufferedImage.TYPE_INT_RGB));
        }
    },
    JPEG {
        @Override
        byte[] file(int edge) throws IOException {
            return jpeg(edge, ImageWriteParam.MODE_DISABLED, 24);
        }
    },
    JPEG_PROGRESSIVE {
        @Override
        byte[] file(int edge) throws IOException {
            return jpeg(edge, ImageWriteParam.MODE_DEFAULT, 24);
        }
    },
    /** As many as are allowed at 50 megapixels. */
    JPEG_12_SCANS {
        @Override
        byte[] file(int edge) throws IOException {
            return twelveScans(jpeg(edge, ImageWriteParam.MODE_DEFAULT, 18));
        }
    },
    JPEG_RESTARTS {
        @Override
        byte[] file(int edge) throws IOException {
            ImageWriter writer = jpegWriter();
            ImageWriteParam param = jpegParam(writer, ImageWriteParam.MODE_DISABLED);
            BufferedImage image = noise(edge, 16, BufferedImage.TYPE_3BYTE_BGR);
            IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), param);
            Node tree = metadata.getAsTree(metadata.getNativeMetadataFormatName());
            IIOMetadataNode interval = new IIOMetadataNode("dri");
            interval.setAttribute("interval", "1");
            tree.getLastChild().insertBefore(interval, tree.getLastChild().getFirstChild());
            metadata.setFromTree(metadata.getNativeMetadataFormatName(), tree);
            return write(writer, param, new IIOImage(image, null, metadata));
        }
    },
    JPEG_INKS {
        @Override
        byte[] file(int edge) throws IOException {
            return inks(edge, ImageWriteParam.MODE_DISABLED);
        }
    },
    /** Of 18 scans, for which 50 megapixels are too many. */
    JPEG_INKS_PROGRESSIVE {
        @Override
        byte[] file(int edge) throws IOException {
            return inks(Math.min(edge, 3300), ImageWriteParam.MODE_DEFAULT);
        }
    },
    GIF {
        @Override
        byte[] file(int edge) throws IOException {
            ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
            return write(writer, writer.getDefaultWriteParam(), noise(edge, 2, BufferedImage.TYPE_BYTE_INDEXED));
        }
    },
    BMP_RUNS {
        @Override
        byte[] file(int edge) {
            int runs = (edge + 9) / 10;
            ByteBuffer file = ByteBuffer.allocate(54 + 4 * 256 + edge * (2 * runs + 2) + 2)
                    .order(ByteOrder.LITTLE_ENDIAN);
            file.put((byte) 'B')
                    .put((byte) 'M')
                    .putInt(file.capacity())
                    .putInt(0)
                    .putInt(54 + 4 * 256);
            file.putInt(40)
                    .putInt(edge)
                    .putInt(edge)
                    .putShort((short) 1)
                    .putShort((short) 8)
                    .putInt(1);
            file.position(54 + 4 * 256);
            for (int y = 0; y < edge; y++) {
                for (int x = 0; x < edge; x += 10) {
                    file.put((byte) Math.min(10, edge - x)).put((byte) (x + y));
                }
                file.putShort((short) 0);
            }
            return file.putShort((short) 0x100).array();
        }
    };

    abstract byte[] file(int edge) throws IOException;

    private static byte[] png(PngFile kind, int edge, int every, int dataChunk) {
        int[] state = {12345};
        return kind.file(edge, edge, new byte[0], dataChunk, (row, bytes) -> {
            Arrays.fill(bytes, (byte) 0);
            bytes[0] = 4;
            for (int i = 1 + row % every; i < bytes.length; i += every) {
                bytes[i] = next(state);
            }
        });
    }

    private static byte[] jpeg(int edge, int progressive, int strength) throws IOException {
        ImageWriter writer = jpegWriter();
        return write(writer, jpegParam(writer, progressive), noise(edge, strength, BufferedImage.TYPE_3BYTE_BGR));
    }

    private static ImageWriter jpegWriter() {
        return ImageIO.getImageWritersByFormatName("jpeg").next();
    }

    private static ImageWriteParam jpegParam(ImageWriter writer, int progressive) {
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(0.8f);
        param.setProgressiveMode(progressive);
        return param;
    }

    /** Cyan, magenta, yellow and black. */
    private static byte[] inks(int edge, int progressive) throws IOException {
        WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, edge, edge, 4, null);
        fill(((DataBufferByte) raster.getDataBuffer()).getData(), 6);
        ImageWriter writer = jpegWriter();
        return write(writer, jpegParam(writer, progressive), new IIOImage(raster, null, null));
    }

    /** With the last scan again, as often as it takes. */
    private static byte[] twelveScans(byte[] jpeg) {
        int scans = 0;
        int last = 0;
        for (int at = 0; at + 1 < jpeg.length; at++) {
            if (jpeg[at] == (byte) 0xFF && jpeg[at + 1] == (byte) 0xDA) {
                scans++;
                last = at;
            }
        }
        ByteArrayOutputStream twelve = new ByteArrayOutputStream();
        twelve.write(jpeg, 0, jpeg.length - 2);
        for (; scans < 12; scans++) {
            twelve.write(jpeg, last, jpeg.length - 2 - last);
        }
        twelve.write(jpeg, jpeg.length - 2, 2);
        return twelve.toByteArray();
    }

    private static BufferedImage noise(int edge, int strength, int type) {
        var image = new BufferedImage(edge, edge, type);
        int[] state = {12345};
        if (image.getRaster().getDataBuffer() instanceof DataBufferByte data) {
            fill(data.getData(), strength);
        } else {
            for (int i = 0; i < edge * edge; i++) {
                image.setRGB(i % edge, i / edge, 0x010101 * (100 + (next(state) & 0xFF) * strength / 256));
            }
        }
        return image;
    }

    private static void fill(byte[] data, int strength) {
        int[] state = {12345};
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (100 + (next(state) & 0xFF) * strength / 256);
        }
    }

    private static byte next(int[] state) {
        state[0] ^= state[0] << 13;
        state[0] ^= state[0] >>> 17;
        state[0] ^= state[0] << 5;
        return (byte) (state[0] >>> 24);
    }

    private static byte[] write(ImageWriter writer, ImageWriteParam param, BufferedImage image) throws IOException {
        return write(writer, param, new IIOImage(image, null, null));
    }

    private static byte[] write(ImageWriter writer, ImageWriteParam param, IIOImage image) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(out);
            writer.write(null, image, param);
        }
        writer.dispose();
        return file.toByteArray();
    }

    /** A folder and the length of an edge: writes one file for each. */
    public static void main(String[] args) throws IOException {
        for (CostlyPicture picture : values()) {
            Files.write(Path.of(args[0], picture.name()), picture.file(Integer.parseInt(args[1])));
        }
    }
}
