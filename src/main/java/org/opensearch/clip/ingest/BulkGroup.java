// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.opensearch.ingest.IngestDocumentWrapper;

/**
 * The documents that one bulk brings to a processor, cut into slices of which at most {@value #IN_FLIGHT} run at a time: one is
 * computed while the next is fetched and decoded, and a bulk of any length holds a bounded part of the ingest lane.
 *
 * <p>Slices may complete on any thread, also on the one that starts them: whoever completes one while another thread starts
 * slices leaves the starting to it, so a long bulk whose slices all complete at once does not recurse.
 */
final class BulkGroup {
    static final int IN_FLIGHT = 2;

    private final List<List<IngestDocumentWrapper>> slices = new ArrayList<>();
    private final AtomicReferenceArray<List<IngestDocumentWrapper>> results;
    private final BiConsumer<List<IngestDocumentWrapper>, Consumer<List<IngestDocumentWrapper>>> work;
    private final Consumer<List<IngestDocumentWrapper>> handler;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger unfinished;
    private final AtomicInteger signals = new AtomicInteger();
    private int next;

    /**
     * @param work takes a slice and gives one result a document to its consumer, once
     * @param handler takes all results, in order, once
     */
    BulkGroup(
            List<IngestDocumentWrapper> documents,
            int sliceSize,
            BiConsumer<List<IngestDocumentWrapper>, Consumer<List<IngestDocumentWrapper>>> work,
            Consumer<List<IngestDocumentWrapper>> handler) {
        for (int from = 0; from < documents.size(); from += sliceSize) {
            slices.add(documents.subList(from, Math.min(documents.size(), from + sliceSize)));
        }
        this.results = new AtomicReferenceArray<>(slices.size());
        this.work = work;
        this.handler = handler;
        this.unfinished = new AtomicInteger(slices.size());
    }

    void start() {
        if (signals.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        while (seen != 0) {
            while (next < slices.size() && running.get() < IN_FLIGHT) {
                running.incrementAndGet();
                int slice = next++;
                work.accept(slices.get(slice), result -> finished(slice, result));
            }
            seen = signals.addAndGet(-seen);
        }
    }

    private void finished(int slice, List<IngestDocumentWrapper> result) {
        results.set(slice, result);
        running.decrementAndGet();
        if (unfinished.decrementAndGet() > 0) {
            start();
            return;
        }
        List<IngestDocumentWrapper> all = new ArrayList<>();
        for (int i = 0; i < results.length(); i++) {
            all.addAll(results.get(i));
        }
        handler.accept(all);
    }
}
