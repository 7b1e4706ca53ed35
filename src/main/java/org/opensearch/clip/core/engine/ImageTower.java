// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.model.Tower;

/** Pixels to vectors. Safe for use by many threads. */
final class ImageTower {

    private final ImageSpec pixels;
    private final Graph graph;
    private final Buffers buffers;
    private final RunMemory memory;
    private final String input;
    private final int batch;

    /** @throws ModelException when the graph is no picture tower: what it has, what was expected */
    ImageTower(Tower.Image tower, Session session, int dimension, Buffers buffers, RunMemory memory) {
        this.pixels = tower.pixels();
        this.graph = Graph.of(tower, session, dimension);
        this.buffers = buffers;
        this.memory = memory;
        int most = Graph.batch(tower.graph(), session, session.inputs());
        this.batch = session.sharesScales() ? 1 : Math.min(most, pixels.batch());
        this.input = input(tower, session);
    }

    /** @throws ModelException see the constructor */
    static void check(Tower.Image tower, Ports graph, int dimension) {
        Graph.output(tower, graph, dimension);
        Graph.batch(tower.graph(), graph, graph.inputs());
        input(tower, graph);
    }

    private static String input(Tower.Image tower, Ports graph) {
        ImageSpec pixels = tower.pixels();
        long[] expected = {-1, 3, pixels.height(), pixels.width()};
        List<Port> inputs = graph.inputs();
        if (inputs.size() != 1
                || inputs.getFirst().element() != Element.FLOAT
                || !fits(inputs.getFirst().shape(), expected)) {
            throw new ModelException(
                    Graph.describe(tower.graph(), graph) + "; expected one float input pixel_values [batch, 3, "
                            + pixels.height() + ", " + pixels.width() + "] as [preprocessor_config.json] says");
        }
        return inputs.getFirst().name();
    }

    private static boolean fits(long[] shape, long[] expected) {
        boolean fits = shape.length == 4 || shape.length == 0;
        for (int i = 1; fits && i < shape.length; i++) {
            fits = shape[i] < 0 || shape[i] == expected[i];
        }
        return fits;
    }

    int batch() {
        return batch;
    }

    boolean usesAllCores() {
        return graph.session().allCoresBytes() > 0;
    }

    List<float[]> encode(List<Prepared.Image> images, RunControl control) {
        var vectors = new ArrayList<float[]>(images.size());
        while (vectors.size() < images.size()) {
            int from = vectors.size();
            int count = memory.fitting(Math.min(images.size() - from, batch), this::bytes);
            vectors.addAll(run(images.subList(from, from + count), control));
        }
        return vectors;
    }

    /** The pixels, as much again for what the first layer makes of them, and what the graph says. */
    private long bytes(int images) {
        return 2 * pixelBytes(images) + graph.session().runBytesOfPictures(images, pixels.height(), pixels.width());
    }

    private long pixelBytes(int images) {
        return (long) images * pixels.floats() * Float.BYTES;
    }

    private List<float[]> run(List<Prepared.Image> images, RunControl control) {
        long size = pixelBytes(images.size());
        try (RunMemory.Taken ignored = memory.take(bytes(images.size()), 0);
                Buffers.Lease lease = buffers.take(size)) {
            FloatBuffer data = lease.next((int) size).asFloatBuffer();
            images.forEach(image -> image.pixels().put(data));
            long[] shape = {images.size(), 3, pixels.height(), pixels.width()};
            var tensors = Map.of(input, new Tensor(shape, data.flip()));
            var made = graph.session().run(tensors, graph.output().name(), control);
            return graph.vectors(made, images.size(), null);
        }
    }
}
