// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.ValidateActions;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.wire.Frame;
import org.opensearch.common.logging.HeaderWarning;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.tasks.Task;

/**
 * Texts and pictures in, vectors out: {@code POST /_plugins/_clip/models/{id}/_embed}, and the action that ingest and query
 * send.
 */
public final class Embed {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/embed", Response::new);
    /** The same for inputs of which at least one is a URL, so that fetching can be permitted apart. */
    public static final ActionType<Response> BY_URL =
            new ActionType<>("cluster:admin/opensearch/clip/embed/url", Response::new);

    private Embed() {}

    /** Who waits: a search never waits for ingest. */
    public enum Lane {
        SEARCH,
        INGEST
    }

    /**
     * Without inputs it asks what a model is: everything is checked, nothing runs and nothing need be loaded.
     *
     * <p>Immutable: a local execution does not serialise. {@code modelId} may be null when {@code target} is not, or
     * when nothing but {@code documents} is asked about; {@code timeout} counts from leaving the queue, null = the lane's setting.
     */
    public static final class Request extends ActionRequest {
        private final String modelId;
        private final List<Source> inputs;
        private final Lane lane;
        private final Side side;
        private final TimeValue timeout;
        private final Target target;
        private final List<Target.VectorAt> documents;
        private final List<Integer> dimensions;
        private final boolean describesPictures;

        public Request(String modelId, List<Source> inputs, Lane lane, Side side, TimeValue timeout, Target target) {
            this(modelId, inputs, lane, side, timeout, target, List.of(), List.of(), false);
        }

        private Request(
                String modelId,
                List<Source> inputs,
                Lane lane,
                Side side,
                TimeValue timeout,
                Target target,
                List<Target.VectorAt> documents,
                List<Integer> dimensions,
                boolean describesPictures) {
            this.modelId = modelId;
            this.inputs = List.copyOf(inputs);
            this.lane = Objects.requireNonNull(lane);
            this.side = Objects.requireNonNull(side);
            this.timeout = timeout;
            this.target = target;
            this.documents = List.copyOf(documents);
            this.dimensions = List.copyOf(dimensions);
            this.describesPictures = describesPictures;
        }

        public Request(StreamInput in) throws IOException {
            super(in);
            Frame.begin(in);
            modelId = in.readOptionalString();
            inputs = List.copyOf(in.readList(Source::read));
            lane = in.readEnum(Lane.class);
            side = in.readEnum(Side.class);
            timeout = in.readOptionalTimeValue();
            target = in.readOptionalWriteable(Target::new);
            documents = in.readList(Target.VectorAt::new);
            dimensions = in.readList(StreamInput::readVInt);
            describesPictures = in.readBoolean();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out);
            out.writeOptionalString(modelId);
            out.writeList(inputs);
            out.writeEnum(lane);
            out.writeEnum(side);
            out.writeOptionalTimeValue(timeout);
            out.writeOptionalWriteable(target);
            out.writeList(documents);
            out.writeCollection(dimensions, StreamOutput::writeVInt);
            out.writeBoolean(describesPictures);
            Frame.end(out);
        }

        /** This request of somebody who will cut the vectors: lengths that the model does not have are refused before it runs. */
        public Request cutTo(Collection<Integer> lengths) {
            List<Integer> all = List.copyOf(lengths);
            return new Request(modelId, inputs, lane, side, timeout, target, documents, all, describesPictures);
        }

        /** This request of somebody who compares with vectors of documents, or mixes them in. */
        public Request besides(List<Target.VectorAt> vectors) {
            return new Request(modelId, inputs, lane, side, timeout, target, vectors, dimensions, describesPictures);
        }

        /** This request, asking also what each picture is: {@link Result.Vector#info}. */
        public Request describing(boolean pictures) {
            return new Request(modelId, inputs, lane, side, timeout, target, documents, dimensions, pictures);
        }

        /** Vectors of documents that the query is made of too. */
        public List<Target.VectorAt> documents() {
            return documents;
        }

        /** Lengths that the vectors will be cut to, 0 = not at all. */
        public List<Integer> dimensions() {
            return dimensions;
        }

        /** Whether it is about more than vectors that are there already. */
        public boolean needsModel() {
            return modelId != null || !inputs.isEmpty() || documents.isEmpty();
        }

        public String modelId() {
            return modelId;
        }

        public List<Source> inputs() {
            return inputs;
        }

        public Lane lane() {
            return lane;
        }

        public Side side() {
            return side;
        }

        public TimeValue timeout() {
            return timeout;
        }

        public Target target() {
            return target;
        }

        public boolean describesPictures() {
            return describesPictures;
        }

        /** This request for a model, its target taken off. */
        public Request to(String model) {
            return new Request(model, inputs, lane, side, timeout, null, List.of(), List.of(), describesPictures);
        }

        @Override
        public String getDescription() {
            return "model [" + Shown.of(modelId) + "], inputs [" + inputs.size() + "], lane [" + lane + "]";
        }

        @Override
        public Task createTask(long id, String type, String action, TaskId parent, Map<String, String> headers) {
            return new EmbedTask(id, type, action, getDescription(), parent, headers);
        }

        /** The action to send this request as. */
        public ActionType<Response> action() {
            return inputs.stream().anyMatch(Source::isUrl) ? BY_URL : ACTION;
        }

        @Override
        public ActionRequestValidationException validate() {
            ActionRequestValidationException e = null;
            if (modelId == null && target == null && needsModel()) {
                e = ValidateActions.addValidationError("[model_id] is missing", e);
            }
            if (timeout != null && timeout.nanos() <= 0) {
                e = ValidateActions.addValidationError("[timeout] must be positive, got [" + timeout + "]", e);
            }
            return e;
        }
    }

    /** What became of one input. */
    public sealed interface Result extends Writeable {

        /**
         * @param values as the model makes them, neither cut nor normalised
         * @param tokens of a text as the model reads it, of a picture as tiles, see README
         * @param truncated the text was longer than the model or the node reads
         * @param info of a picture, {@code null} where it was not asked for
         */
        record Vector(float[] values, int tokens, boolean truncated, ImageInfo info) implements Result {
            public Vector(float[] values, int tokens, boolean truncated) {
                this(values, tokens, truncated, null);
            }

            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out);
                out.writeByte((byte) 0);
                out.writeFloatArray(values);
                out.writeVInt(tokens);
                out.writeBoolean(truncated);
                Wire.write(info, out);
                Frame.end(out);
            }
        }

        /** @param type the snake_case kind, @param reason names limit and setting */
        record Failure(String type, String reason, RestStatus status) implements Result {
            /** Whether the picture itself is at fault, and not the node that should embed it. */
            public boolean isOfImage() {
                return type.contains("image");
            }

            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out);
                out.writeByte((byte) 1);
                out.writeString(type);
                out.writeString(reason);
                RestStatus.writeTo(out, status);
                Frame.end(out);
            }
        }

        static Result read(StreamInput in) throws IOException {
            byte kind = Frame.begin(in).readByte();
            Result result = switch (kind) {
                case 0 -> new Vector(in.readFloatArray(), in.readVInt(), in.readBoolean(), Wire.info(in));
                case 1 -> new Failure(in.readString(), in.readString(), RestStatus.readFrom(in));
                default -> throw new IOException("unknown kind of result [" + kind + "]");
            };
            Frame.end(in);
            return result;
        }
    }

    /** One result an input, in order. */
    public static final class Response extends ActionResponse {
        private final String modelId;
        private final String fingerprint;
        private final int dimension;
        private final List<Result> results;
        private final Logits logits;
        private final Target.Kept kept;
        private final List<String> warnings;

        public Response(String modelId, String fingerprint, int dimension, List<Result> results) {
            this(modelId, fingerprint, dimension, results, null, Target.Kept.FLOATS, List.of());
        }

        private Response(
                String modelId,
                String fingerprint,
                int dimension,
                List<Result> results,
                Logits logits,
                Target.Kept kept,
                List<String> warnings) {
            this.modelId = modelId;
            this.fingerprint = fingerprint;
            this.dimension = dimension;
            this.results = List.copyOf(results);
            this.logits = logits;
            this.kept = kept;
            this.warnings = List.copyOf(warnings);
        }

        /** The same, saying how vectors of the model are scored; {@code null} = not known. */
        public Response scoredBy(Logits how) {
            return new Response(modelId, fingerprint, dimension, results, how, kept, warnings);
        }

        /** The same, telling the caller what fields take, and something that is no error. */
        public Response telling(Target.Kept what, List<String> more) {
            return new Response(modelId, fingerprint, dimension, results, logits, what, more);
        }

        public Response(StreamInput in) throws IOException {
            super(in);
            Frame.begin(in);
            modelId = in.readString();
            fingerprint = in.readString();
            dimension = in.readVInt();
            results = List.copyOf(in.readList(Result::read));
            logits = Wire.logits(in);
            kept = new Target.Kept(in);
            warnings = List.copyOf(in.readStringList());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeString(modelId);
            out.writeString(fingerprint);
            out.writeVInt(dimension);
            out.writeList(results);
            Wire.write(logits, out);
            kept.writeTo(out);
            out.writeStringCollection(warnings);
            Frame.end(out);
        }

        /** Of all vectors together, cut to {@code dimensions}; 0 = not cut. */
        long values(int dimensions) {
            return results.stream()
                    .mapToLong(result -> !(result instanceof Result.Vector v)
                            ? 0
                            : dimensions == 0 ? v.values().length : Math.min(dimensions, v.values().length))
                    .sum();
        }

        /** Tells the user by headers of the answer to what this thread works for. */
        void warn() {
            warnings.forEach(HeaderWarning::addWarning);
        }

        public String modelId() {
            return modelId;
        }

        public String fingerprint() {
            return fingerprint;
        }

        /** Floats of a vector before any cut. */
        public int dimension() {
            return dimension;
        }

        public List<Result> results() {
            return results;
        }

        /** How vectors are scored against those of labels, {@code null} when nobody says it. */
        public Logits logits() {
            return logits;
        }

        /** What the fields searched, and those of documents asked about, keep vectors as. */
        public Target.Kept kept() {
            return kept;
        }

        /** What the user should know although all went well. */
        public List<String> warnings() {
            return warnings;
        }
    }
}
