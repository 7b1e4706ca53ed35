// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.io.Closeable;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.engine.StoppedException.Reason;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.Desired;
import org.opensearch.clip.model.LoadedModels.Ref;

/** The real tiny CLIP, with a door in front of its runs: it can be shut, it counts, and it lets some inputs fail. */
final class GatedModel implements Closeable {

    private static final Path FOLDER = Path.of("src/test/resources/models/tiny-clip");

    /** Inputs of each run that was started. */
    final List<Integer> runs = new CopyOnWriteArrayList<>();

    /** What each of them was told. */
    final List<RunControl> controls = new CopyOnWriteArrayList<>();

    /** References that are not closed yet. */
    final AtomicInteger refs = new AtomicInteger();

    final DualEncoder encoder;
    private final Semaphore atTheDoor = new Semaphore(0);
    private volatile CompletableFuture<Void> door = CompletableFuture.completedFuture(null);
    private volatile CompletableFuture<Void> limit = new CompletableFuture<>();
    private volatile long[] poison = {};
    private volatile boolean deaf;
    private volatile Runnable onRun = () -> {};

    GatedModel() {
        ModelDescription description = ModelFolder.describe(FOLDER, Overrides.NONE);
        Tower.Text text = description.text().orElseThrow();
        encoder = new DualEncoder(
                description,
                Optional.of(session(text.graph())),
                Optional.of(Tokenizer.open(FOLDER.resolve(text.tokenizer()), text.maxTokens())),
                Optional.of(session(description.image().orElseThrow().graph())));
    }

    Ref ref() {
        refs.incrementAndGet();
        return new Ref() {
            @Override
            public DeclaredModel model() {
                int dimension = encoder.description().dimension();
                return new DeclaredModel(
                        "tiny",
                        Map.of(),
                        List.of(),
                        Map.of(),
                        "f",
                        dimension,
                        List.of(),
                        Desired.LOADED,
                        null,
                        null,
                        null);
            }

            @Override
            public DualEncoder encoder() {
                return encoder;
            }

            @Override
            public void close() {
                refs.decrementAndGet();
            }
        };
    }

    void shut() {
        door = new CompletableFuture<>();
    }

    void open() {
        door.complete(null);
    }

    /** From now on a run is inside an operator: it does not hear that nobody waits for it. */
    void stopListening() {
        deaf = true;
    }

    /** The runs at the door have taken as long as they may. */
    void endAtLimit() {
        CompletableFuture<Void> ofThese = limit;
        limit = new CompletableFuture<>();
        ofThese.complete(null);
    }

    /** Until so many more runs wait at the door, or have gone through it. */
    void awaitRuns(int n) throws InterruptedException {
        if (!atTheDoor.tryAcquire(n, 30, TimeUnit.SECONDS)) {
            throw new AssertionError("no run came");
        }
    }

    int inputsRun() {
        return runs.stream().mapToInt(n -> n).sum();
    }

    /** From now on each run does this first, on its thread. */
    void onRun(Runnable task) {
        onRun = task;
    }

    /** From now on a run with this text in it fails. */
    void poison(String text) {
        poison = ((Prepared.Text) encoder.prepare(new Input.Text(text))).ids();
    }

    /** What the model makes of an input alone. */
    float[] solo(Input input) {
        return encoder.encode(List.of(encoder.prepare(input))).getFirst();
    }

    private boolean isPoisoned(Map<String, Session.Tensor> inputs) {
        Session.Tensor ids = inputs.get("input_ids");
        if (ids == null || poison.length == 0) {
            return false;
        }
        LongBuffer all = ((LongBuffer) ids.data()).duplicate();
        int length = Math.toIntExact(ids.shape()[1]);
        for (int row = all.position(); row < all.limit(); row += length) {
            boolean same = length >= poison.length;
            for (int i = 0; same && i < poison.length; i++) {
                same = all.get(row + i) == poison[i];
            }
            if (same) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        encoder.close();
    }

    private Session session(String graph) {
        Session real = new OnnxRuntime((task, delay) -> () -> {})
                .open(FOLDER.resolve(graph), new OnnxOptions(1, Duration.ofMinutes(1)));
        return new Session() {
            @Override
            public List<Port> inputs() {
                return real.inputs();
            }

            @Override
            public List<Port> outputs() {
                return real.outputs();
            }

            @Override
            public Floats run(Map<String, Tensor> inputs, String output, RunControl control) {
                runs.add(Math.toIntExact(inputs.values().iterator().next().shape()[0]));
                onRun.run();
                controls.add(control);
                CompletableFuture<Void> late = limit;
                CompletableFuture<Void> stopped = new CompletableFuture<>();
                if (!deaf) {
                    control.begin(() -> stopped.complete(null));
                }
                atTheDoor.release();
                try {
                    CompletableFuture.anyOf(door, stopped, late).get(60, TimeUnit.SECONDS);
                } catch (InterruptedException | ExecutionException | TimeoutException e) {
                    throw new AssertionError("the door was never opened", e);
                }
                control.end();
                if (control.isStopped()) {
                    throw new StoppedException(Reason.UNWANTED, "by test");
                }
                if (late.isDone()) {
                    throw new StoppedException(Reason.LIMIT, "by test");
                }
                if (isPoisoned(inputs)) {
                    throw new ModelException("poison");
                }
                return real.run(inputs, output, control);
            }

            @Override
            public Footprint footprint() {
                return real.footprint();
            }

            @Override
            public long allCoresBytes() {
                return 1;
            }

            @Override
            public long nodes() {
                return real.nodes();
            }

            @Override
            public void close() {
                real.close();
            }
        };
    }
}
