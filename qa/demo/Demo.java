import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The main job of the plugin, through HTTP alone, as a user does it: load a model, make a pipeline and an index, index pictures with
 * titles, search; for each collection. Prints what was found, misses included, and writes the same as a page of pictures.
 *
 * <p>Runs from source with gson on the class path; {@code qa/demo.sh} does that.
 *
 * <p>A folder of pictures may hold {@code pictures.json}: {@code [{"id", "title": {"<language>": ".."}, "category"}]} with the pictures in
 * one sub-folder a style, {@code <style>/<id>.png}. Without it every picture of the folder is indexed under its file name.
 */
public final class Demo {

    /** A picture of the collection: {@code title} by language. */
    record Picture(String id, String style, Path file, Map<String, String> title, String category) {
        String name() {
            return title.getOrDefault("en", title.values().iterator().next());
        }
    }

    /** A search that is shown. {@code expected}: ids of which one must be among the ten shown; empty when nothing can be expected. */
    record Search(String title, JsonObject query, Path picture, List<String> expected, JsonObject pipeline) {
        Search(String title, JsonObject query, Path picture, List<String> expected) {
            this(title, query, picture, expected, null);
        }
    }

    record Hit(String id, String style, String name, double score, Path file) {}

    record Shown(Search search, List<Hit> hits, boolean found) {}

    /** What one model found in one folder. */
    record Section(String model, List<Shown> shown, String rates) {}

    private static final int SHOWN = 8;
    /** Named in the pictures' own languages, so that nobody takes the vectors for a translation table of English. */
    private static final List<String> LANGUAGES = List.of("en", "de", "es", "ja", "hi");

    private final HttpClient http = HttpClient.newHttpClient();
    private final Gson gson = new Gson();
    private final String url;
    private final String index;
    private final String model;
    private final Path folder;

    private Demo(String url, String index, String model, Path folder) {
        this.url = url;
        this.index = index;
        this.model = model;
        this.folder = folder;
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 5 || args.length % 3 != 2) {
            throw new IllegalArgumentException("usage: Demo <url> <output folder> (<index> <model id> <pictures>)..");
        }
        List<Section> sections = new ArrayList<>();
        for (int i = 2; i < args.length; i += 3) {
            sections.add(new Demo(args[0], args[i], args[i + 1], Path.of(args[i + 2]).toRealPath()).run());
        }
        say("\nThe same as pictures: %s", gallery(sections, Path.of(args[1])).toUri());
        List<String> missing = sections.stream().flatMap(s -> s.shown().stream()).filter(s -> !s.found()).map(s -> s.search().title()).toList();
        missing.forEach(m -> say("MISSING: no expected hit for %s", m));
        System.exit(missing.isEmpty() ? 0 : 1);
    }

    private Section run() throws Exception {
        List<Picture> pictures = pictures();
        HttpServer server = SimpleFileServer.createFileServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), folder, SimpleFileServer.OutputLevel.NONE);
        var serverThreads = Executors.newFixedThreadPool(4);
        server.setExecutor(serverThreads);
        server.start();
        try {
            int dimension = loadModel();
            createIndex(dimension);
            index(pictures, "http://127.0.0.1:" + server.getAddress().getPort() + "/");
            List<Shown> shown = new ArrayList<>();
            for (Search search : searches(pictures)) {
                Shown s = show(search);
                shown.add(s);
                print(s);
            }
            return new Section(model, shown, rates(pictures));
        } finally {
            server.stop(0);
            serverThreads.shutdownNow();
        }
    }

    // ---- the collection

    private List<Picture> pictures() throws IOException {
        Path list = folder.resolve("pictures.json");
        List<Picture> all = new ArrayList<>();
        if (Files.exists(list)) {
            List<Path> styles = children(folder).filter(Files::isDirectory).toList();
            for (JsonElement e : JsonParser.parseString(Files.readString(list)).getAsJsonArray()) {
                JsonObject thing = e.getAsJsonObject();
                Map<String, String> title = new TreeMap<>();
                thing.getAsJsonObject("title").asMap().forEach((language, text) -> title.put(language, text.getAsString()));
                for (Path style : styles) {
                    Path file = style.resolve(thing.get("id").getAsString() + ".png");
                    if (Files.exists(file)) {
                        all.add(new Picture(thing.get("id").getAsString(), style.getFileName().toString(), file, title,
                                thing.get("category").getAsString()));
                    }
                }
            }
        } else {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(f -> f.toString().toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png|gif|bmp|webp)")).sorted().forEach(f -> {
                    String name = f.getFileName().toString().replaceFirst("\\.[^.]+$", "");
                    String style = f.getParent().getFileName().toString();
                    all.add(new Picture(folder.relativize(f).toString(), style, f, Map.of("en", name.replaceAll("[-_]+", " ")), ""));
                });
            }
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException("no pictures in " + folder);
        }
        return all;
    }

    private static Stream<Path> children(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList().stream();
        }
    }

    // ---- the four steps of a user

    /** @return floats of an embedding */
    private int loadModel() throws Exception {
        say("Loading the model %s", model);
        if (call("GET", "/_plugins/_clip/models/" + model, null).code() == 404) {
            boolean known = ok("GET", "/_plugins/_clip/models/_catalog", null).getAsJsonArray("models").asList().stream()
                    .anyMatch(m -> m.getAsJsonObject().get("id").getAsString().equals(model));
            ok("PUT", "/_plugins/_clip/models/" + model + "?load=true&wait_for_completion=true&timeout=10m",
                    object("source", object(known ? "catalog" : "path", model)));
        } else {
            ok("POST", "/_plugins/_clip/models/" + model + "/_load?wait_for_completion=true&timeout=10m", null);
        }
        JsonObject declared = ok("GET", "/_plugins/_clip/models/" + model, null);
        say("  %s, %s dimensions, on %s", declared.get("state").getAsString(), declared.get("dimension"), gson.toJson(declared.get("nodes")));
        return declared.get("dimension").getAsInt();
    }

    private void createIndex(int dimension) throws Exception {
        say("Creating the pipeline [%s] and the index [%s]", index, index);
        JsonObject fields = object(
                "image_vector", object("image", "picture"),
                "both_vector", object("text", "title", "image", "picture"));
        ok("PUT", "/_ingest/pipeline/" + index, object("processors",
                array(object("clip_embedding", object("model_id", model, "field_map", fields, "remove_source_image", true)))));
        call("DELETE", "/" + index, null);
        JsonObject vector = object("type", "knn_vector", "dimension", dimension, "method",
                object("name", "hnsw", "engine", "lucene", "space_type", "cosinesimil"));
        ok("PUT", "/" + index, object(
                "settings", object("index", object("knn", true, "number_of_replicas", 0, "default_pipeline", index, "clip.model_id", model)),
                "mappings", object("properties", object(
                        "id", object("type", "keyword"), "style", object("type", "keyword"), "category", object("type", "keyword"),
                        "title", object("type", "text"), "file", object("type", "keyword", "index", false),
                        "image_vector", vector, "both_vector", vector))));
    }

    /** Every second picture travels in the document as base64, the others are fetched by the node. */
    private void index(List<Picture> pictures, String server) throws Exception {
        say("Indexing %d pictures, half of them by URL", pictures.size());
        long start = System.nanoTime();
        List<String> errors = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += 100) {
            StringBuilder bulk = new StringBuilder();
            List<Picture> slice = pictures.subList(from, Math.min(from + 100, pictures.size()));
            for (int i = 0; i < slice.size(); i++) {
                Picture p = slice.get(i);
                String path = folder.relativize(p.file()).toString();
                String picture = (from + i) % 2 == 0 ? Base64.getEncoder().encodeToString(Files.readAllBytes(p.file()))
                        : new URI("http", "127.0.0.1", "/" + path, null).toASCIIString().replaceFirst("http://127.0.0.1/", server);
                bulk.append("{\"index\":{}}\n").append(gson.toJson(object("id", p.id(), "style", p.style(), "title", p.name(),
                        "category", p.category(), "file", path, "picture", picture))).append('\n');
            }
            for (JsonElement item : ok("POST", "/" + index + "/_bulk", bulk.toString()).getAsJsonArray("items")) {
                JsonObject result = item.getAsJsonObject().getAsJsonObject("index");
                if (result.has("error")) {
                    errors.add(gson.toJson(result.get("error")));
                }
            }
            say("  %d of %d", from + slice.size(), pictures.size());
        }
        ok("POST", "/" + index + "/_refresh", null);
        say("  %d indexed, %d refused, %.0f ms a picture", pictures.size() - errors.size(), errors.size(),
                (System.nanoTime() - start) / 1e6 / pictures.size());
        errors.stream().limit(5).forEach(e -> say("  refused: %s", e));
        if (!errors.isEmpty()) {
            throw new IllegalStateException(errors.size() + " pictures were refused");
        }
    }

    private Shown show(Search search) throws Exception {
        JsonObject body = object("size", SHOWN, "query", search.query(), "_source", array("id", "style", "title", "file"));
        if (search.pipeline() != null) {
            body.add("search_pipeline", search.pipeline());
        }
        JsonObject found = ok("POST", "/" + index + "/_search", body);
        List<Hit> hits = new ArrayList<>();
        for (JsonElement h : found.getAsJsonObject("hits").getAsJsonArray("hits")) {
            JsonObject source = h.getAsJsonObject().getAsJsonObject("_source");
            hits.add(new Hit(source.get("id").getAsString(), source.get("style").getAsString(), source.get("title").getAsString(),
                    h.getAsJsonObject().get("_score").getAsDouble(), folder.resolve(source.get("file").getAsString())));
        }
        return new Shown(search, hits, search.expected().isEmpty()
                ? !hits.isEmpty()
                : hits.stream().anyMatch(h -> search.expected().contains(h.id())));
    }

    // ---- what is searched

    private List<Search> searches(List<Picture> pictures) throws IOException {
        List<Search> searches = new ArrayList<>();
        Map<String, Picture> byId = pictures.stream().collect(Collectors.toMap(Picture::id, p -> p, (a, b) -> a, TreeMap::new));
        if (byId.keySet().containsAll(List.of("kitten.jpg", "cup.jpg", "dome.jpg"))) {
            return photographs(byId);
        }
        List<String> wanted = Stream.of("1F34E", "1F344", "1F697", "1F3B8", "1F43C").filter(byId::containsKey).toList();
        List<Picture> things = wanted.isEmpty() ? pictures.stream().limit(5).toList() : wanted.stream().map(byId::get).toList();
        for (int i = 0; i < things.size(); i++) {
            Picture thing = things.get(i);
            String language = thing.title().containsKey(LANGUAGES.get(i)) ? LANGUAGES.get(i) : "en";
            String text = thing.title().get(language);
            searches.add(new Search("text -> picture (" + language + "): \"" + text + "\"",
                    clip("image_vector", object("query_text", text, "k", SHOWN)), null, List.of(thing.id())));
        }
        Picture example = things.get(things.size() - 1);
        String base64 = base64(example.file());
        searches.add(new Search("picture -> picture: " + example.style() + "/" + example.name(),
                clip("image_vector", object("query_image", base64, "k", SHOWN)), example.file(), List.of(example.id())));
        Picture other = things.get(0);
        searches.add(new Search("picture and text, 0.5 each: " + example.style() + "/" + example.name() + " + \"" + other.name() + "\"",
                clip("both_vector", object("query_image", base64, "query_text", other.name(), "weights", object("image", 0.5, "text", 0.5), "k", SHOWN)),
                example.file(), List.of(example.id(), other.id())));
        return searches;
    }

    /** Words that are nobody's title; what is meant by weights; the same with look-alikes spread out. */
    private List<Search> photographs(Map<String, Picture> byId) throws IOException {
        List<Search> searches = new ArrayList<>();
        Map<String, List<String>> texts = new LinkedHashMap<>();
        texts.put("water bird", List.of("swans.jpg", "duck.jpg", "heron.jpg"));
        texts.put("something to drink", List.of("coffee.jpg", "cup.jpg", "teacup.jpg"));
        texts.put("sports", List.of("baseball.jpg", "volleyball.jpg"));
        texts.put("carpenter's tools", List.of("hammer.jpg", "claw-hammer.jpg", "screwdriver.jpg"));
        texts.put("a place to pray", List.of("cathedral.jpg", "church.jpg", "dome.jpg"));
        texts.forEach((text, expected) -> searches.add(
                new Search("text -> photograph: \"" + text + "\"", clip("image_vector", object("query_text", text, "k", SHOWN)), null, expected)));
        Path kitten = byId.get("kitten.jpg").file();
        searches.add(new Search("photograph -> photograph: kitten",
                clip("image_vector", object("query_image", base64(kitten), "k", SHOWN)), kitten, List.of("cat.jpg", "tabby.jpg")));
        Path cup = byId.get("cup.jpg").file();
        searches.add(new Search("photograph and text, 0.5 each: cup + \"food on a plate\"", clip("image_vector", object("query_image", base64(cup),
                "query_text", "food on a plate", "weights", object("image", 0.5, "text", 0.5), "k", SHOWN)), cup, List.of("plate.jpg")));
        Path dome = byId.get("dome.jpg").file();
        searches.add(new Search("\"a building\", less like this: dome", clip("image_vector", object("queries", array(
                object("text", "a building"), object("image", base64(dome), "weight", -0.5)), "k", SHOWN)), dome, List.of("temple.jpg", "gate.jpg")));
        JsonArray diversify = array(object("clip_diversify", object("vector_field", "image_vector", "candidates", 30)));
        for (boolean spread : List.of(false, true)) {
            searches.add(new Search("\"an animal\"" + (spread ? ", look-alikes spread out" : ""),
                    clip("image_vector", object("query_text", "an animal", "k", 50)), null, List.of(),
                    spread ? object("request_processors", diversify, "response_processors", diversify) : null));
        }
        return searches;
    }

    private static String base64(Path file) throws IOException {
        return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    }

    /** Hit rates: each thing is searched by its name, in each language, among the pictures of one style. */
    private String rates(List<Picture> pictures) throws Exception {
        TreeSet<String> languages = pictures.stream().flatMap(p -> p.title().keySet().stream()).collect(Collectors.toCollection(TreeSet::new));
        TreeSet<String> styles = pictures.stream().map(Picture::style).collect(Collectors.toCollection(TreeSet::new));
        StringBuilder table = new StringBuilder(String.format(Locale.ROOT, "%-10s", "language"));
        styles.forEach(s -> table.append(String.format(Locale.ROOT, "%-24s", s + " R@1/5/10")));
        say("\nHit rates in percent: the thing with this name is among the first 1, 5, 10 pictures of its style");
        say("%s", table);
        for (String language : languages) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-10s", language));
            for (String style : styles) {
                line.append(String.format(Locale.ROOT, "%-24s", rate(pictures, language, style)));
            }
            say("%s", line);
            table.append('\n').append(line);
        }
        return table.toString();
    }

    private String rate(List<Picture> pictures, String language, String style) throws Exception {
        List<Picture> things = pictures.stream().filter(p -> p.style().equals(style) && p.title().containsKey(language)).toList();
        if (things.isEmpty()) {
            return "-";
        }
        int[] found = new int[3];
        for (int from = 0; from < things.size(); from += 50) {
            List<Picture> slice = things.subList(from, Math.min(from + 50, things.size()));
            StringBuilder body = new StringBuilder();
            for (Picture p : slice) {
                body.append("{}\n").append(gson.toJson(object("size", 10, "_source", array("id"), "query", clip("image_vector",
                        object("query_text", p.title().get(language), "k", 10, "filter", object("term", object("style", style))))))).append('\n');
            }
            JsonArray responses = ok("POST", "/" + index + "/_msearch", body.toString()).getAsJsonArray("responses");
            for (int i = 0; i < slice.size(); i++) {
                JsonObject response = responses.get(i).getAsJsonObject();
                if (response.has("error")) {
                    throw new IllegalStateException(gson.toJson(response));
                }
                JsonArray hits = response.getAsJsonObject("hits").getAsJsonArray("hits");
                for (int rank = 0; rank < hits.size(); rank++) {
                    String id = hits.get(rank).getAsJsonObject().getAsJsonObject("_source").get("id").getAsString();
                    if (id.equals(slice.get(i).id())) {
                        found[0] += rank < 1 ? 1 : 0;
                        found[1] += rank < 5 ? 1 : 0;
                        found[2] += 1;
                    }
                }
            }
        }
        return Arrays.stream(found).mapToObj(f -> String.format(Locale.ROOT, "%.0f", 100.0 * f / things.size())).collect(Collectors.joining("/"));
    }

    // ---- what is shown

    private void print(Shown shown) {
        say("\n%s", shown.search().title());
        for (int i = 0; i < shown.hits().size(); i++) {
            Hit hit = shown.hits().get(i);
            say("  %d. %.4f  %-9s %-28s%s", i + 1, hit.score(), hit.style(), hit.name(), shown.search().expected().contains(hit.id()) ? " *" : "");
        }
    }

    private static Path gallery(List<Section> sections, Path out) throws IOException {
        StringBuilder page = new StringBuilder("<!doctype html><meta charset=utf-8><title>opensearch-clip demo</title><style>"
                + "body{font:15px system-ui;margin:2em;max-width:70em}figure{display:inline-block;margin:6px;width:110px;vertical-align:top;"
                + "font-size:12px;text-align:center}img{width:96px;height:96px;object-fit:contain;border:2px solid #ddd;border-radius:8px}"
                + ".x img{border-color:#2a2}pre{background:#f6f6f6;padding:1em}</style><h1>opensearch-clip: what was found</h1>"
                + "<p>A green frame marks the thing that was meant.</p>");
        for (Section section : sections) {
            page.append("<h1>Model <code>").append(escape(section.model())).append("</code></h1>");
            section.shown().forEach(s -> append(page, s));
            page.append("<h2>Hit rates</h2><pre>").append(escape(section.rates())).append("</pre>");
        }
        Files.createDirectories(out);
        return Files.writeString(out.resolve("gallery.html"), page);
    }

    private static void append(StringBuilder page, Shown s) {
        page.append("<h2>").append(escape(s.search().title())).append("</h2>");
        if (s.search().picture() != null) {
            page.append("<figure><img src='").append(data(s.search().picture())).append("'>query</figure>&rarr;");
        }
        for (Hit hit : s.hits()) {
            page.append(s.search().expected().contains(hit.id()) ? "<figure class=x>" : "<figure>").append("<img src='").append(data(hit.file()))
                    .append("'><br>").append(escape(hit.name())).append("<br>").append(escape(hit.style()))
                    .append(String.format(Locale.ROOT, " %.4f</figure>", hit.score()));
        }
    }

    private static String data(Path picture) {
        try {
            return "data:image/*;base64," + base64(picture);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;");
    }

    private static void say(String format, Object... args) {
        System.out.printf(Locale.ROOT, format + "%n", args);
    }

    // ---- HTTP and JSON

    record Answer(int code, JsonObject body) {}

    private JsonObject ok(String method, String path, Object body) throws Exception {
        Answer answer = call(method, path, body);
        if (answer.code() >= 300) {
            throw new IllegalStateException(method + " " + path + " answered " + answer.code() + ": " + gson.toJson(answer.body()));
        }
        return answer.body();
    }

    private Answer call(String method, String path, Object body) throws Exception {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body.toString());
        var request = HttpRequest.newBuilder(URI.create(url + path)).method(method, publisher).header("Content-Type", "application/json").build();
        var response = http.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), JsonParser.parseString(response.body()).getAsJsonObject());
    }

    private static JsonObject clip(String field, JsonObject query) {
        return object("clip", object(field, query));
    }

    private static JsonObject object(Object... keysAndValues) {
        JsonObject object = new JsonObject();
        Gson gson = new Gson();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            object.add((String) keysAndValues[i], gson.toJsonTree(keysAndValues[i + 1]));
        }
        return object;
    }

    private static JsonArray array(Object... values) {
        return new Gson().toJsonTree(values).getAsJsonArray();
    }
}
