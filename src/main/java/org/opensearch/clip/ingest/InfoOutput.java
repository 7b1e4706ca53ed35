// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.ingest.IngestDocument;

/**
 * What the pictures of a document are: an object, or for several pictures a list of objects.
 *
 * @param images each that is embedded, once
 */
record InfoOutput(FieldPath target, List<Part> images) implements Output {

    /** @return {@code null} when nothing is made of a picture */
    static InfoOutput of(FieldPath target, List<Output> others) {
        Map<Source, Part> images = new LinkedHashMap<>();
        others.stream()
                .flatMap(Output::parts)
                .filter(part -> part.source() instanceof Source.Image)
                .forEach(part -> images.putIfAbsent(part.source(), part));
        return images.isEmpty() ? null : new InfoOutput(target, List.copyOf(images.values()));
    }

    @Override
    public Stream<Part> parts() {
        return images.stream();
    }

    @Override
    public boolean isThere(IngestDocument document) {
        return !target.values(document).isEmpty();
    }

    @Override
    public Origin origin(String fingerprint, Options options) {
        return Origin.of("info 1", null, List.of(images));
    }

    @Override
    public List<Change> make(Answers answers, Options options) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Part image : images) {
            ImageInfo info = answers.info(image);
            if (info != null) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("width", info.width());
                fields.put("height", info.height());
                fields.put("format", info.format());
                fields.put("hash", info.hashDigits());
                all.add(fields);
            }
        }
        return all.isEmpty() ? List.of() : List.of(new Set(target, images.size() == 1 ? all.getFirst() : all));
    }
}
