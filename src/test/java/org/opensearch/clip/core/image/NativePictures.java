// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.ZipInputStream;

/** What {@link NativePicturesTests} has done in a process of its own. */
final class NativePictures {

    private static final int MAX_PIXELS = 5_000_000;
    private static final ImageDecoder DECODER = new ImageDecoder(Natives.here());

    private NativePictures() {}

    public static void main(String[] args) throws IOException {
        switch (args[0]) {
            case "golden" -> golden();
            case "damaged" -> damaged();
            case "untrusted" -> untrusted();
            case "leak" -> leak();
            case "many" -> many();
            case "allocated" -> allocated();
            default -> decode(Arrays.copyOfRange(args, 1, args.length));
        }
    }

    /** Each file that differs from what Pillow made of it. */
    private static void golden() {
        Golden.rows("decoded.txt").forEach(row -> {
            RgbImage image = DECODER.decode(Golden.file(row[0]));
            String found = image.width() + " " + image.height() + " " + Golden.sha256(image.rgb());
            if (!found.equals(row[1] + " " + row[2] + " " + row[3])) {
                System.out.println(row[0] + " differs");
            }
        });
        ImagePreprocessor preprocessor = new ImagePreprocessor(DECODER, true);
        Golden.rows("hashes.txt").forEach(row -> {
            ImageInfo info = preprocessor
                    .make(Golden.file(row[0]), Golden.plain(8, 8), true)
                    .info();
            if (!(info.width() + " " + info.height() + " " + info.hashDigits())
                    .equals(row[1] + " " + row[2] + " " + row[3])) {
                System.out.println(row[0] + " has another hash");
            }
        });
    }

    private static List<byte[]> goldenFiles() {
        return Golden.rows("decoded.txt")
                .map(row -> Golden.file(row[0]))
                .filter(UntrustedPicture::isNative)
                .toList();
    }

    private static void damaged() {
        for (byte[] whole : goldenFiles()) {
            Random random = new Random(whole.length);
            for (int i = 0; i < 200; i++) {
                byte[] damaged = i % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
                int reach = i % 2 == 0 ? damaged.length : Math.min(damaged.length, 700);
                for (int n = 1 + random.nextInt(4); reach > 0 && n > 0; n--) {
                    damaged[random.nextInt(reach)] = (byte) (random.nextInt(3) == 0 ? 0xFF : random.nextInt(256));
                }
                UntrustedPicture.read(damaged, MAX_PIXELS);
            }
        }
    }

    private static void untrusted() throws IOException {
        try (InputStream corpus = NativePictures.class.getResourceAsStream("/untrusted/picture.zip");
                ZipInputStream zip = new ZipInputStream(corpus)) {
            while (zip.getNextEntry() != null) {
                UntrustedPicture.read(zip.readAllBytes(), MAX_PIXELS);
            }
        }
    }

    /** Files that libjpeg gives up on after it has made room for the picture: how much the process grows by. */
    private static void leak() throws IOException {
        List<byte[]> fatal = new ArrayList<>();
        for (String name : List.of("jpeg-progressive.jpg", "jpeg-photo.jpg", "jpeg-gray.jpg")) {
            byte[] jpeg = Golden.file(name);
            String latin = new String(jpeg, StandardCharsets.ISO_8859_1);
            int frame = Math.max(latin.indexOf("\u00ff\u00c0"), latin.indexOf("\u00ff\u00c2"));
            ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 1000).putShort(frame + 7, (short) 1000);
            int scan = latin.lastIndexOf("\u00ff\u00da");
            byte[] table = {(byte) 0xFF, (byte) 0xC4, 0, 19, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
            int at = (scan + jpeg.length) / 2;
            byte[] bad = Arrays.copyOf(jpeg, jpeg.length + table.length);
            System.arraycopy(table, 0, bad, at, table.length);
            System.arraycopy(jpeg, at, bad, at + table.length, jpeg.length - at);
            fatal.add(bad);
        }
        int refused = 0;
        long before = 0;
        for (int round = 0; round < 60; round++) {
            before = round == 10 ? PictureCost.peak() : before;
            for (byte[] bad : fatal) {
                try {
                    DECODER.decode(bad);
                } catch (ImageException e) {
                    refused++;
                }
            }
        }
        System.out.println(refused + " refused, grown by " + (PictureCost.peak() - before));
    }

    /** All golden files by several threads at a time. */
    private static void many() {
        List<byte[]> files = goldenFiles();
        List<String> alone = files.stream()
                .map(file -> Golden.sha256(DECODER.decode(file).rgb()))
                .toList();
        long wrong = IntStream.range(0, 20 * files.size())
                .parallel()
                .filter(i -> !Golden.sha256(
                                DECODER.decode(files.get(i % files.size())).rgb())
                        .equals(alone.get(i % files.size())))
                .count();
        System.out.println(wrong + " differ");
    }

    /** Bytes of heap for each picture in the end, beside the 3 bytes for each of the pixels that the tower sees. */
    private static void allocated() throws IOException {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        ImagePreprocessor preprocessor = new ImagePreprocessor(DECODER, false);
        ImageSpec spec = Golden.plain(224, 224);
        for (CostlyPicture kind : List.of(
                CostlyPicture.JPEG,
                CostlyPicture.JPEG_PROGRESSIVE,
                CostlyPicture.WEBP_LOSSY,
                CostlyPicture.WEBP_GROUPS,
                CostlyPicture.PNG_16_BITS)) {
            byte[] file = kind.file(1000);
            long before = 0;
            for (int i = 0; i < 12; i++) {
                before = i == 2 ? threads.getCurrentThreadAllocatedBytes() : before;
                preprocessor.make(file, spec, false);
            }
            long each = (threads.getCurrentThreadAllocatedBytes() - before) / 10 - spec.floats();
            System.out.println(kind + " " + each);
        }
    }

    private static void decode(String... files) throws IOException {
        for (String file : files) {
            RgbImage image = DECODER.decode(Files.readAllBytes(Path.of(file)));
            System.out.println(image.width() + "x" + image.height());
        }
    }
}
