// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkRequest;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.ingest.PutPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.action.support.WriteRequest;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.env.Environment;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.knn.plugin.KNNPlugin;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.test.OpenSearchSingleNodeTestCase;

/** One node with k-NN and this plugin, and the bundled model loaded as {@code demo}: the real thing, in this JVM. */
public abstract class ClipSingleNodeTestCase extends OpenSearchSingleNodeTestCase {
    protected static final String MODEL = "demo";
    protected static final int DIMENSION = 256;

    /** As long as it takes on a busy machine; nothing here waits for it to pass. */
    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        return List.of(KNNPlugin.class, PainlessModulePlugin.class, ClipPlugin.class);
    }

    /** A home with what the plugin's zip brings in its {@code config}. */
    @Override
    protected Settings nodeSettings() {
        Path home = createTempDir();
        try {
            copy(Path.of("config"), home.resolve("config/opensearch-clip"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Settings.builder()
                .put(super.nodeSettings())
                .put(Environment.PATH_HOME_SETTING.getKey(), home)
                .build();
    }

    static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Declares and loads the bundled model; again does nothing. */
    protected void loadModel() {
        Map<String, Object> body = Map.of("source", Map.of("catalog", "opensearch-clip-demo-v1"));
        client().execute(PutModel.ACTION, new PutModel.Request(MODEL, body, true, LONG, false))
                .actionGet(LONG);
    }

    protected void createIndex(String name, int dimension, String... vectorFields) {
        createIndex(name, Settings.EMPTY, dimension, vectorFields);
    }

    protected void createIndex(String name, Settings settings, int dimension, String... vectorFields) {
        StringBuilder mapping =
                new StringBuilder("{\"properties\": {\"_clip\": {\"type\": \"object\", \"enabled\": false}");
        for (String field : vectorFields) {
            mapping.append(", \"" + field + "\": {\"type\": \"knn_vector\", \"dimension\": " + dimension
                    + ", \"method\": {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}");
        }
        client().admin()
                .indices()
                .prepareCreate(name)
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.number_of_shards", 1)
                        .put("index.number_of_replicas", 0)
                        .put(settings))
                .setMapping(mapping.append("}}").toString())
                .get(LONG);
    }

    protected void putPipeline(String id, String processors) {
        putPipelineBody(id, "{\"processors\": [" + processors + "]}");
    }

    protected void putPipelineBody(String id, String body) {
        client().admin()
                .cluster()
                .putPipeline(new PutPipelineRequest(id, new BytesArray(body), MediaTypeRegistry.JSON))
                .actionGet(LONG);
    }

    /** Documents of one bulk; their ids count from 0. */
    protected BulkResponse bulk(String index, String pipeline, List<String> documents) {
        var request = new BulkRequest().setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE);
        for (int i = 0; i < documents.size(); i++) {
            request.add(new IndexRequest(index)
                    .id(Integer.toString(i))
                    .setPipeline(pipeline)
                    .source(documents.get(i), XContentType.JSON));
        }
        return client().bulk(request).actionGet(TimeValue.timeValueMinutes(10));
    }

    protected static void assertNoFailures(BulkResponse response) {
        for (BulkItemResponse item : response) {
            assertFalse(item.getId() + ": " + item.getFailureMessage(), item.isFailed());
        }
    }

    /** The query as a user writes it. */
    protected SearchResponse search(String index, String query) {
        return client().prepareSearch(index.split(","))
                .setSource(new SearchSourceBuilder()
                        .query(QueryBuilders.wrapperQuery(query))
                        .size(20))
                .get(LONG);
    }

    protected static List<String> ids(SearchResponse response) {
        List<String> ids = new ArrayList<>();
        response.getHits().forEach(hit -> ids.add(hit.getId()));
        return ids;
    }

    /** What the model makes of an input, of length 1. */
    protected float[] embed(Source source) {
        var request = new Embed.Request(MODEL, List.of(source), Embed.Lane.SEARCH, Side.PASSAGE, null, null);
        Embed.Response response = client().execute(Embed.ACTION, request).actionGet(LONG);
        return switch (response.results().getFirst()) {
            case Embed.Result.Vector vector -> Vectors.normalize(vector.values());
            case Embed.Result.Failure failure -> throw new AssertionError(failure);
        };
    }

    /** A picture of the demo, by its file's name, in base64. */
    @SuppressForbidden(reason = "a file of this project")
    protected static String picture(String name) {
        try {
            return Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of("qa/pictures/noto", name + ".png")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** 16 x 16 pixels, like no other. */
    protected static String tinyPicture(int number) {
        return picture(number, 16);
    }

    /** A picture like no other: pixels that say {@code number}. */
    protected static String picture(int number, int edge) {
        var image = new java.awt.image.BufferedImage(edge, edge, java.awt.image.BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < edge * edge; i++) {
            image.setRGB(i % edge, i / edge, (number + 1) * 2_654_435 * (4 * i / (edge * edge) + 1) & 0xffffff);
        }
        try (var out = new ByteArrayOutputStream()) {
            ImageIO.write(image, "png", out);
            return Base64.getEncoder().encodeToString(out.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
