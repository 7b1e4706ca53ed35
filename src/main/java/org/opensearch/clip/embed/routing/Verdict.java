// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.transport.TransportResponse;
import org.opensearch.core.xcontent.XContentBuilder;

/**
 * How near one node's vectors are to the golden ones.
 *
 * @param threshold the lowest cosine that is right, {@code null} when there is none: then it passes whatever is measured
 * @param towers what was measured, for each tower that embedded something
 * @param failures inputs that got no vector, described
 */
final class Verdict extends TransportResponse {

    private static final int SHOWN_FAILURES = 10;
    private static final int SHOWN_TEXT = 64;

    /**
     * @param count inputs embedded
     * @param worst lowest cosine
     * @param mean of all cosines
     * @param input position of the worst one
     * @param text the worst one itself, cut; {@code null} for a picture
     */
    record Measured(int count, double worst, double mean, int input, String text) {
        Measured(StreamInput in) throws IOException {
            this(Frame.begin(in).readVInt(), in.readDouble(), in.readDouble(), in.readVInt(), in.readOptionalString());
            Frame.end(in);
        }

        void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeVInt(count);
            out.writeDouble(worst);
            out.writeDouble(mean);
            out.writeVInt(input);
            out.writeOptionalString(text);
            Frame.end(out);
        }

        private Measured with(int next, double cosine, String shown) {
            double sum = mean * count + cosine;
            return cosine < worst
                    ? new Measured(count + 1, cosine, sum / (count + 1), next, shown)
                    : new Measured(count + 1, worst, sum / (count + 1), input, text);
        }
    }

    private final String variant;
    private final Double threshold;
    private final Map<Modality, Measured> towers;
    private final List<String> failures;

    private Verdict(String variant, Double threshold, Map<Modality, Measured> towers, List<String> failures) {
        this.variant = variant;
        this.threshold = threshold;
        this.towers = towers;
        this.failures = failures;
    }

    Verdict(StreamInput in) throws IOException {
        super(in);
        Frame.begin(in);
        variant = in.readString();
        threshold = in.readOptionalDouble();
        towers = new TreeMap<>(in.readMap(i -> i.readEnum(Modality.class), Measured::new));
        failures = in.readStringList();
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeString(variant);
        out.writeOptionalDouble(threshold);
        out.writeMap(towers, StreamOutput::writeEnum, (o, measured) -> measured.writeTo(o));
        out.writeStringCollection(failures);
        Frame.end(out);
    }

    /**
     * @param results one an input, in order
     * @throws IllegalArgumentException when a golden vector is no reference for this model
     */
    static Verdict of(Goldens goldens, String variant, List<Result> results) {
        Map<Modality, Measured> towers = new TreeMap<>();
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            switch (results.get(i)) {
                case Result.Failure f -> failures.add("[inputs[" + i + "]] " + f.type() + ": " + f.reason());
                case Result.Vector v -> {
                    double cosine = goldens.cosine(i, v.values());
                    String text = goldens.inputs().get(i) instanceof Source.Text t ? shown(t.text()) : null;
                    Modality tower = text == null ? Modality.IMAGE : Modality.TEXT;
                    Measured before = towers.getOrDefault(tower, new Measured(0, Double.MAX_VALUE, 0, 0, null));
                    towers.put(tower, before.with(i, cosine, text));
                }
            }
        }
        return new Verdict(variant, goldens.threshold(variant), towers, failures);
    }

    private static String shown(String text) {
        return text.length() <= SHOWN_TEXT
                ? text
                : text.substring(0, text.offsetByCodePoints(0, SHOWN_TEXT / 2)) + "..";
    }

    String variant() {
        return variant;
    }

    Double threshold() {
        return threshold;
    }

    Map<Modality, Measured> towers() {
        return towers;
    }

    boolean passed() {
        return failures.isEmpty()
                && !towers.isEmpty()
                && towers.values().stream().allMatch(measured -> threshold == null || measured.worst() >= threshold);
    }

    /** Its fields, into an object that is open. */
    void fields(XContentBuilder json) throws IOException {
        json.field("passed", passed());
        for (Map.Entry<Modality, Measured> tower : towers.entrySet()) {
            Measured measured = tower.getValue();
            json.startObject(tower.getKey().name().toLowerCase(Locale.ROOT));
            json.field("count", measured.count());
            json.field("worst_cosine", measured.worst());
            json.field("mean_cosine", measured.mean());
            json.startObject("worst_input").field("index", measured.input());
            if (measured.text() != null) {
                json.field("text", measured.text());
            }
            json.endObject().endObject();
        }
        if (!failures.isEmpty()) {
            json.field("failed", failures.size());
            json.field("failures", failures.stream().limit(SHOWN_FAILURES).toList());
        }
    }
}
