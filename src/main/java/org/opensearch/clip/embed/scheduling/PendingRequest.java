// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.stats.ClipStats.OfModel;
import org.opensearch.common.concurrent.RefCountedReleasable;

/**
 * A request on the node that runs it: one {@link PendingInput} for each distinct input. It ends once, with the last input or when it is given up, and keeps
 * the model open until then and for as long as a thread works for it. Safe for use by many threads.
 */
final class PendingRequest {

    /** Heap of a request and of an input beside the strings, roughly: a million tiny texts are not free either. */
    private static final int OVERHEAD = 512;

    private final Lane lane;
    private final Side side;
    private final boolean describesPictures;
    private final RequestLimits limits;
    private final long queueDeadline;
    private final long bytes;
    private final OfModel stats;
    private final List<PendingInput> inputs;
    private final int[] distinctOfInput;
    private final AtomicReferenceArray<Result> results;
    private final AtomicInteger open;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final RefCountedReleasable<Ref> model;
    private final Completion<Response> completion;
    private final Consumer<PendingRequest> ended;

    /**
     * @param model owned by this request from now on
     * @param ended called once, on any thread, before the caller is told
     * @param clock nanoseconds
     */
    PendingRequest(
            Request request,
            RequestLimits limits,
            Ref model,
            OfModel stats,
            Completion<Response> completion,
            Consumer<PendingRequest> ended,
            LongSupplier clock) {
        this.stats = stats;
        this.lane = request.lane();
        this.side = request.side();
        this.describesPictures = request.describesPictures();
        this.limits = limits;
        this.queueDeadline = clock.getAsLong() + limits.inQueue().nanos();
        Map<Source, Integer> distinct = new LinkedHashMap<>();
        this.distinctOfInput = request.inputs().stream()
                .mapToInt(source -> distinct.computeIfAbsent(source, s -> distinct.size()))
                .toArray();
        this.inputs = distinct.entrySet().stream()
                .map(e -> new PendingInput(
                        this,
                        e.getValue(),
                        e.getKey(),
                        new TimeBudget(clock, limits.each().nanos())))
                .toList();
        long ofVector = (long) model.model().dimension() * Float.BYTES;
        this.bytes = inputs.stream()
                        .mapToLong(i -> i.source().bytes() + OVERHEAD + ofVector)
                        .sum()
                + OVERHEAD;
        this.results = new AtomicReferenceArray<>(inputs.size());
        this.open = new AtomicInteger(inputs.size());
        this.model = new RefCountedReleasable<>("embed", model, model::close);
        this.completion = completion;
        this.ended = ended;
    }

    Lane lane() {
        return lane;
    }

    Side side() {
        return side;
    }

    boolean describesPictures() {
        return describesPictures;
    }

    RequestLimits limits() {
        return limits;
    }

    /** Heap held by what the caller sent and by what it gets. */
    long bytes() {
        return bytes;
    }

    OfModel stats() {
        return stats;
    }

    /** In the order in which they were sent, each once. */
    List<PendingInput> inputs() {
        return inputs;
    }

    Ref model() {
        return model.get();
    }

    boolean isLateInQueue(long now) {
        return now - queueDeadline > 0;
    }

    /** Also when nobody but the caller's side knows it yet. */
    boolean isEnded() {
        return closed.get() || completion.isDone();
    }

    /** Keeps the model open until {@link #leave}; false when this request has ended and nobody works for it. */
    boolean enter() {
        return !isEnded() && model.tryIncRef();
    }

    void leave() {
        model.decRef();
    }

    boolean isSettled(int input) {
        return results.get(input) != null;
    }

    /** The first result of an input counts. */
    void settle(int input, Result result) {
        if (!results.compareAndSet(input, null, result)) {
            return;
        }
        switch (result) {
            case Vector v -> {
                boolean text = inputs.get(input).source() instanceof Source.Text;
                stats.embedded(text ? "texts" : "images", text ? v.tokens() : 0, v.truncated());
            }
            case Failure f -> stats.failed(f.type());
        }
        if (open.decrementAndGet() == 0) {
            end();
        }
    }

    /**
     * Tells the caller, who may know already, and drops what is not done yet.
     *
     * @return false when this request had ended
     */
    boolean giveUp(Exception cause) {
        boolean first = close();
        completion.onFailure(cause);
        return first;
    }

    private void end() {
        List<Result> all = Arrays.stream(distinctOfInput).mapToObj(results::get).toList();
        if (all.stream().allMatch(Failures::isTimeout)) {
            giveUp(Failures.exception((Failure) all.getFirst()));
            return;
        }
        DeclaredModel declared = model().model();
        Logits logits = model().encoder().description().logits().orElse(null);
        close();
        completion.onResponse(
                new Response(declared.id(), declared.fingerprint(), declared.dimension(), all).scoredBy(logits));
    }

    private boolean close() {
        boolean first = closed.compareAndSet(false, true);
        if (first) {
            ended.accept(this);
            model.close();
        }
        return first;
    }
}
