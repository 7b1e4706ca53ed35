// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.ExceptionsHelper;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.LabelVectors;
import org.opensearch.clip.embed.Notebook;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.SpaceGuard;
import org.opensearch.clip.settings.FetchSettings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.ingest.AbstractBatchingProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestDocumentWrapper;
import org.opensearch.ingest.Processor;
import org.opensearch.transport.client.Client;

/**
 * Turns configured text and image fields into vectors of one shared space while documents are indexed.
 *
 * <p>A bulk's documents go out in slices of {@code batch_size}, each as one request: batches for the model are formed behind
 * {@link Embed}, across requests, because {@code if}, {@code pipeline} and {@code foreach} hand documents over one by one. Every
 * document succeeds or fails on its own and is never changed before that is known. Immutable, used by many threads.
 */
public final class ClipEmbeddingProcessor extends AbstractBatchingProcessor {
    public static final String TYPE = "clip_embedding";
    private static final int DEFAULT_BATCH_SIZE = 64;

    private static final Logger LOGGER = LogManager.getLogger(ClipEmbeddingProcessor.class);

    private final AtomicBoolean warned = new AtomicBoolean();
    private final Options options;
    private final Client client;
    private final Embedder embedder;
    private final SpaceGuard guard;
    private final LabelVectors labels;
    private final BooleanSupplier fetchesUrls;

    /** @param fetchesUrls whether URLs in documents are fetched, asked for each slice */
    ClipEmbeddingProcessor(
            String tag,
            String description,
            int batchSize,
            Options options,
            Client client,
            Embedder embedder,
            SpaceGuard guard,
            BooleanSupplier fetchesUrls) {
        super(tag, description, batchSize);
        this.options = options;
        this.client = client;
        this.embedder = embedder;
        this.guard = guard;
        this.labels = embedder.labels();
        this.fetchesUrls = fetchesUrls;
    }

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        throw new UnsupportedOperationException("[" + TYPE + "] waits for a model, use the method with a handler");
    }

    @Override
    public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
        subBatchExecute(List.of(new IngestDocumentWrapper(0, 0, document, null)), results -> {
            Exception failure = results.getFirst().getException();
            handler.accept(failure == null ? document : null, failure);
        });
    }

    @Override
    public void batchExecute(List<IngestDocumentWrapper> documents, Consumer<List<IngestDocumentWrapper>> handler) {
        if (documents.isEmpty()) {
            handler.accept(List.of());
            return;
        }
        new BulkGroup(documents, batchSize, this::subBatchExecute, handler).start();
    }

    @Override
    protected void subBatchExecute(
            List<IngestDocumentWrapper> documents, Consumer<List<IngestDocumentWrapper>> handler) {
        var slice = new Slice(documents);
        if (slice.inputs().isEmpty()) {
            handler.accept(slice.completed(null));
            return;
        }
        var request = new Embed.Request(
                        options.modelId(), slice.inputs(), Lane.INGEST, Side.PASSAGE, options.timeout(), null)
                .cutTo(options.lengths())
                .describing(options.imageInfo() != null);
        ActionListener<Embed.Response> once = ActionListener.notifyOnce(new ActionListener<>() {
            @Override
            public void onResponse(Embed.Response response) {
                log(response.warnings());
                handler.accept(slice.completed(response));
            }

            @Override
            public void onFailure(Exception e) {
                handler.accept(slice.failed(e));
            }
        });
        try {
            embedder.asPlugin(client, request, once);
        } catch (Exception e) {
            once.onFailure(e);
        }
    }

    /** A user who indexes by the million does not look at headers. */
    private void log(List<String> warnings) {
        if (!warnings.isEmpty() && warned.compareAndSet(false, true)) {
            LOGGER.warn("processor [{}] with tag [{}]: {}", TYPE, getTag(), warnings);
        }
    }

    /** The documents of one request. Those that cannot be read have failed before it is sent. */
    private final class Slice {
        private final List<IngestDocumentWrapper> documents;
        private final List<Step> steps = new ArrayList<>();
        private final Map<Source, Integer> inputs = new LinkedHashMap<>();

        /** Exactly one of the two: what a document waits for, or why it failed. */
        private record Step(DocumentEmbedding embedding, Exception failure) {}

        Slice(List<IngestDocumentWrapper> documents) {
            this.documents = documents;
            boolean urls = fetchesUrls.getAsBoolean();
            for (IngestDocumentWrapper document : documents) {
                Step step = begin(document);
                steps.add(step);
                if (step.failure() == null) {
                    step.embedding().inputs().stream()
                            .filter(source -> urls || !source.isUrl())
                            .forEach(this::add);
                }
            }
            addLabels();
        }

        private void add(Source source) {
            inputs.putIfAbsent(source, inputs.size());
        }

        /** Those whose vectors are not known, beside the inputs that they are for. */
        private void addLabels() {
            if (options.classify().isEmpty()) {
                return;
            }
            String fingerprint = guard.fingerprint(options.modelId()).orElse("");
            steps.stream()
                    .filter(step -> step.failure() == null)
                    .flatMap(step -> step.embedding().labels())
                    .distinct()
                    .filter(wanted -> labels.get(fingerprint, wanted) == null)
                    .toList()
                    .forEach(wanted -> wanted.sources().forEach(this::add));
        }

        /** Every distinct input of the documents, once. */
        List<Source> inputs() {
            return List.copyOf(inputs.keySet());
        }

        private Step begin(IngestDocumentWrapper document) {
            if (document.getException() != null) {
                return new Step(null, document.getException());
            }
            try {
                return new Step(new DocumentEmbedding(document.getIngestDocument(), options, guard), null);
            } catch (RuntimeException e) {
                return new Step(null, e);
            }
        }

        /** @param response {@code null} when nothing was sent */
        List<IngestDocumentWrapper> completed(Embed.Response response) {
            Reply reply = new Reply(response, inputs, labels);
            List<IngestDocumentWrapper> outcome = new ArrayList<>();
            for (int i = 0; i < documents.size(); i++) {
                Step step = steps.get(i);
                outcome.add(result(i, step.failure() == null ? complete(step.embedding(), reply) : step.failure()));
            }
            return outcome;
        }

        private Exception complete(DocumentEmbedding embedding, Reply reply) {
            try {
                ThreadContext context = client.threadPool().getThreadContext();
                if (embedding.inputs().isEmpty()) {
                    embedding.tell(context, null);
                } else {
                    embedding.complete(reply, values -> Notebook.charge(context, values));
                    embedding.tell(context, reply.isOfModel() ? reply.fingerprint() : null);
                }
                return null;
            } catch (RuntimeException e) {
                return e;
            }
        }

        /** An exception of its own for each document that waited: core writes headers into it. */
        List<IngestDocumentWrapper> failed(Exception e) {
            List<IngestDocumentWrapper> outcome = new ArrayList<>();
            for (int i = 0; i < documents.size(); i++) {
                Step step = steps.get(i);
                boolean waited =
                        step.failure() == null && !step.embedding().inputs().isEmpty();
                outcome.add(result(i, waited ? ofTheRequest(e) : step.failure()));
            }
            return outcome;
        }

        private IngestDocumentWrapper result(int i, Exception failure) {
            IngestDocumentWrapper document = documents.get(i);
            return new IngestDocumentWrapper(
                    document.getSlot(), document.getChildSlot(), document.getIngestDocument(), failure);
        }
    }

    private RuntimeException ofTheRequest(Exception e) {
        Throwable cause = ExceptionsHelper.unwrapCause(e);
        return Embedder.exception(
                "model [" + Shown.of(options.modelId()) + "]: " + cause.getMessage(),
                ExceptionsHelper.status(cause),
                cause);
    }

    /** Reads the configuration; never looks a model up, which may come after the pipeline. */
    public static final class Factory extends AbstractBatchingProcessor.Factory {
        private final Client client;
        private final Embedder embedder;
        private final SpaceGuard guard;
        private final BooleanSupplier fetchesUrls;

        public Factory(Processor.Parameters parameters, Embedder embedder) {
            this(
                    parameters.client,
                    embedder,
                    SpaceGuard.of(parameters),
                    () -> parameters
                            .ingestService
                            .getClusterService()
                            .getClusterSettings()
                            .get(FetchSettings.IMAGE_URL_INGEST));
        }

        Factory(Client client, Embedder embedder, SpaceGuard guard, BooleanSupplier fetchesUrls) {
            super(TYPE);
            this.fetchesUrls = fetchesUrls;
            this.client = client;
            this.embedder = embedder;
            this.guard = guard;
        }

        @Override
        public AbstractBatchingProcessor create(
                Map<String, Processor.Factory> factories, String tag, String description, Map<String, Object> config)
                throws Exception {
            config.putIfAbsent(BATCH_SIZE_FIELD, DEFAULT_BATCH_SIZE);
            // core repeats what is no number
            config.computeIfPresent(BATCH_SIZE_FIELD, (name, size) -> size instanceof Number ? size : Shown.of(size));
            return super.create(factories, tag, description, config);
        }

        @Override
        protected AbstractBatchingProcessor newProcessor(
                String tag, String description, int batchSize, Map<String, Object> config) {
            return new ClipEmbeddingProcessor(
                    tag, description, batchSize, Options.read(tag, config), client, embedder, guard, fetchesUrls);
        }
    }
}
