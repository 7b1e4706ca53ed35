// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;

/**
 * What decoding at a fraction costs: the cosine between the vectors of a picture decoded at 1/2, 1/4 or 1/8 and decoded exactly, wherever what is left is still twice what it
 * is resized to. Arguments: libraries, a model {@code name-edge.onnx}, seconds, then folders of photographs. Pictures: checkerboards of 1 to 8 pixels, the photographs as they are,
 * and large ones made of them, as they are beside each other and enlarged, at several qualities.
 */
public final class ScaledDecoding {

    private static final double LEAST = 0.9999;
    private static final int PHOTOGRAPHS = 240;

    private record Picture(String name, byte[] jpeg) {}

    private interface Source {
        Picture make() throws IOException;
    }

    private final ImageDecoder decoder;
    private final OrtSession session;
    private final ImageSpec spec;
    private final Map<String, double[]> table = new TreeMap<>();

    private ScaledDecoding(ImageDecoder decoder, OrtSession session, ImageSpec spec) {
        this.decoder = decoder;
        this.session = session;
        this.spec = spec;
    }

    public static void main(String[] args) throws Exception {
        String name = Path.of(args[1]).getFileName().toString().replace(".onnx", "");
        int edge = Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
        boolean clip = name.startsWith("clip");
        ImageSpec spec = clip
                ? new ImageSpec(
                        edge, edge, ImageSpec.Resize.SHORTEST, Resampler.Filter.BICUBIC, 1 / 255.0,
                        new double[] {0.48145466, 0.4578275, 0.40821073}, new double[] {0.26862954, 0.26130258, 0.27577711}, 0)
                : new ImageSpec(
                        edge, edge, ImageSpec.Resize.SQUASH, Resampler.Filter.BICUBIC, 1 / 255.0,
                        new double[] {0.5, 0.5, 0.5}, new double[] {0.5, 0.5, 0.5}, 0);
        long end = System.nanoTime() + Long.parseLong(args[2]) * 1_000_000_000;
        ImageDecoder decoder = new ImageDecoder(Optional.of(Leptonica.open(Path.of(args[0]))));
        var options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(1);
        try (OrtSession session = OrtEnvironment.getEnvironment().createSession(args[1], options)) {
            ScaledDecoding measured = new ScaledDecoding(decoder, session, spec);
            int done = 0;
            for (Source source : sources(args, edge)) {
                if (System.nanoTime() > end) {
                    break;
                }
                done += measured.measure(source.make()) ? 1 : 0;
            }
            measured.print(name, done);
        }
    }

    /** Of every size: those that no factor is for are passed over. */
    private static List<Source> sources(String[] args, int edge) throws IOException {
        List<Source> sources = new ArrayList<>();
        for (int side : new int[] {4 * edge, 8 * edge, 16 * edge}) {
            for (int cell = 1; cell <= 8; cell++) {
                int of = cell;
                sources.add(() -> new Picture("checkerboard " + of, jpeg(checkerboard(side, of), 0.95f)));
            }
        }
        List<Path> photographs = new ArrayList<>();
        for (int i = 3; i < args.length; i++) {
            try (Stream<Path> files = Files.walk(Path.of(args[i]))) {
                files.filter(file -> file.toString().toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png)"))
                        .sorted()
                        .forEach(photographs::add);
            }
        }
        Random random = new Random(7);
        Collections.shuffle(photographs, random);
        for (int i = 0; i < PHOTOGRAPHS; i++) {
            Path file = photographs.get(i % photographs.size());
            Path[] beside = new Path[48];
            for (int k = 0; k < beside.length; k++) {
                beside[k] = photographs.get(random.nextInt(photographs.size()));
            }
            float quality = 0.5f + 0.1f * (i % 5);
            int side = edge * (4 << i / 2 % 3) + random.nextInt(edge);
            sources.add(
                    i % 2 == 0
                            ? () -> new Picture("photograph", jpeg(enlarged(file, side), quality))
                            : () -> new Picture("photographs beside each other", jpeg(mosaic(beside, side), quality)));
        }
        return sources;
    }

    /** @return whether a factor is for it */
    private boolean measure(Picture picture) throws Exception {
        ImageDecoder.Picture opened = ImageDecoder.open(picture.jpeg);
        int width = opened.header().width();
        int height = opened.header().height();
        int most = new Planes(spec, width, height).reduction(width, height);
        if (most == 1) {
            return false;
        }
        float[] exact = vector(opened, 1);
        for (int reduction = 2; reduction <= most; reduction *= 2) {
            double cosine = cosine(exact, vector(opened, reduction));
            double[] row = table.computeIfAbsent(picture.name + " 1/" + reduction, key -> new double[] {0, 2, 0, 0});
            row[0]++;
            row[1] = Math.min(row[1], cosine);
            row[2] += cosine;
            row[3] += cosine < LEAST ? 1 : 0;
        }
        return true;
    }

    private float[] vector(ImageDecoder.Picture picture, int reduction) throws Exception {
        Planes planes = new Planes(spec, picture.header().width(), picture.header().height());
        try (Resampler resampler = planes.resampler(new Scratch(), Orientation.UPRIGHT)) {
            decoder.rows(picture, resampler, reduction);
        }
        FloatBuffer pixels = FloatBuffer.allocate(spec.floats());
        planes.put(pixels);
        try (OnnxTensor tensor = OnnxTensor.createTensor(
                        OrtEnvironment.getEnvironment(),
                        pixels.flip(),
                        new long[] {1, 3, spec.height(), spec.width()});
                OrtSession.Result result = session.run(Map.of("pixel_values", tensor))) {
            FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] vector = new float[values.remaining()];
            values.get(vector);
            return vector;
        }
    }

    private void print(String model, int pictures) {
        System.out.printf(Locale.ROOT, "%s: %d pictures that a factor is for%n", model, pictures);
        table.forEach((name, row) -> System.out.printf(
                Locale.ROOT,
                "  %-36s %4.0f pictures  mean %.6f  worst %.6f  %3.0f below %s%n",
                name, row[0], row[2] / row[0], row[1], row[3], LEAST));
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            first += (double) a[i] * a[i];
            second += (double) b[i] * b[i];
        }
        return product / Math.sqrt(first * second);
    }

    private static BufferedImage checkerboard(int side, int cell) {
        BufferedImage image = new BufferedImage(side + side / 3, side, BufferedImage.TYPE_3BYTE_BGR);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, (x / cell + y / cell) % 2 == 0 ? 0xFFFFFF : 0);
            }
        }
        return image;
    }

    private static BufferedImage enlarged(Path file, int side) throws IOException {
        BufferedImage image = ImageIO.read(file.toFile());
        double scale = Math.max(1, (double) side / Math.min(image.getWidth(), image.getHeight()));
        return drawn((int) (image.getWidth() * scale), (int) (image.getHeight() * scale), g -> g.drawImage(
                image, 0, 0, (int) (image.getWidth() * scale), (int) (image.getHeight() * scale), null));
    }

    /** As sharp as they are. */
    private static BufferedImage mosaic(Path[] files, int side) throws IOException {
        BufferedImage[] images = new BufferedImage[files.length];
        for (int i = 0; i < files.length; i++) {
            images[i] = ImageIO.read(files[i].toFile());
        }
        return drawn(side + side / 3, side, g -> {
            int next = 0;
            for (int y = 0, high = 0; y < side; y += high) {
                high = side;
                for (int x = 0; x < side + side / 3; next++) {
                    BufferedImage image = images[next % images.length];
                    g.drawImage(image, x, y, null);
                    x += image.getWidth();
                    high = Math.min(high, image.getHeight());
                }
            }
        });
    }

    private static BufferedImage drawn(int width, int height, java.util.function.Consumer<Graphics2D> picture) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.setColor(Color.GRAY);
        graphics.fillRect(0, 0, width, height);
        picture.accept(graphics);
        graphics.dispose();
        return image;
    }

    private static byte[] jpeg(BufferedImage image, float quality) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(quality);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (var out = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), param);
        }
        writer.dispose();
        return file.toByteArray();
    }
}
