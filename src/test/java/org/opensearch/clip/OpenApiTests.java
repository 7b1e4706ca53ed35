// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.rest.RestHandler;
import org.opensearch.test.OpenSearchTestCase;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Three lists of one API: what the handlers are registered for, {@code rest-api-spec/api/*.json} and {@code rest-api-spec/openapi.yaml}. */
public class OpenApiTests extends OpenSearchTestCase {

    private static final Path SPEC = Path.of("rest-api-spec");

    private final Map<?, ?> openApi = openApi();

    /** @param parameters path parts and query parameters, each with its type and default */
    private record Endpoint(Set<String> parameters, boolean takesBody, boolean needsBody) {}

    private static Map<?, ?> openApi() {
        try (InputStream yaml = Files.newInputStream(SPEC.resolve("openapi.yaml"))) {
            return new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<?, ?> object(Object parent, String key) {
        Object value = parent == null ? null : ((Map<?, ?>) parent).get(key);
        return value == null ? Map.of() : (Map<?, ?>) value;
    }

    private static List<?> list(Object parent, String key) {
        Object value = ((Map<?, ?>) parent).get(key);
        return value == null ? List.of() : (List<?>) value;
    }

    private Map<?, ?> resolve(Object node) {
        if (!(((Map<?, ?>) node).get("$ref") instanceof String ref)) {
            return (Map<?, ?>) node;
        }
        Object target = openApi;
        for (String step : ref.substring(2).split("/")) {
            target = ((Map<?, ?>) target).get(step);
        }
        assertNotNull(ref + " leads nowhere", target);
        return (Map<?, ?>) target;
    }

    private Map<String, Endpoint> ofOpenApi() {
        Map<String, Endpoint> endpoints = new TreeMap<>();
        object(openApi, "paths").forEach((path, item) -> {
            for (String method : List.of("get", "put", "post", "delete", "head", "patch")) {
                Map<?, ?> operation = object(item, method);
                if (operation.isEmpty()) {
                    continue;
                }
                Set<String> parameters = new TreeSet<>();
                List<Object> all = new ArrayList<>(list(item, "parameters"));
                all.addAll(list(operation, "parameters"));
                for (Object reference : all) {
                    Map<?, ?> parameter = resolve(reference);
                    Map<?, ?> schema = object(parameter, "schema");
                    String type = "#/components/schemas/Time".equals(schema.get("$ref"))
                            ? "time"
                            : (String) schema.get("type");
                    parameters.add(parameter.get("in") + " " + parameter.get("name") + " " + type + " "
                            + (type.equals("time") ? "" : schema.get("default")));
                }
                Map<?, ?> body = object(operation, "requestBody");
                endpoints.put(
                        method.toUpperCase(Locale.ROOT) + " " + path,
                        new Endpoint(parameters, !body.isEmpty(), Boolean.TRUE.equals(body.get("required"))));
            }
        });
        return endpoints;
    }

    private static Map<String, Endpoint> ofSpecification() throws IOException {
        Map<String, Endpoint> endpoints = new TreeMap<>();
        try (Stream<Path> files = Files.list(SPEC.resolve("api"))) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Object api = XContentHelper.convertToMap(
                                new BytesArray(Files.readAllBytes(file)), false, JsonXContent.jsonXContent.mediaType())
                        .v2()
                        .values()
                        .iterator()
                        .next();
                Map<?, ?> body = object(api, "body");
                for (Object path : list(object(api, "url"), "paths")) {
                    Set<String> parameters = new TreeSet<>();
                    object(path, "parts").forEach((name, part) -> parameters.add(described("path", name, part)));
                    object(api, "params").forEach((name, part) -> parameters.add(described("query", name, part)));
                    for (Object method : list(path, "methods")) {
                        endpoints.put(
                                method + " " + ((Map<?, ?>) path).get("path"),
                                new Endpoint(parameters, !body.isEmpty(), Boolean.TRUE.equals(body.get("required"))));
                    }
                }
            }
        }
        return endpoints;
    }

    private static String described(String in, Object name, Object part) {
        Object type = ((Map<?, ?>) part).get("type");
        return in + " " + name + " " + type + " " + (type.equals("time") ? "" : ((Map<?, ?>) part).get("default"));
    }

    public void testOpenApiSaysTheSameAsTheRestSpecification() throws IOException {
        assertEquals(ofSpecification(), ofOpenApi());
    }

    public void testEveryRouteIsDescribedAndEveryDescriptionHasARoute() {
        Set<String> routes = new TreeSet<>();
        for (RestHandler handler :
                new ClipPlugin().getRestHandlers(Settings.EMPTY, null, null, null, null, null, null)) {
            handler.routes().forEach(route -> routes.add(route.getMethod() + " " + route.getPath()));
        }
        assertEquals(routes, ofOpenApi().keySet());
    }

    public void testEveryReferenceLeadsSomewhereAndEverySchemaIsUsed() {
        Set<String> used = new TreeSet<>();
        visit(openApi, used);
        Set<String> schemas = new TreeSet<>();
        object(object(openApi, "components"), "schemas").keySet().forEach(name -> schemas.add((String) name));
        assertEquals(schemas, used);
    }

    private void visit(Object node, Set<String> used) {
        if (node instanceof Map<?, ?> map) {
            if (map.get("$ref") instanceof String ref) {
                resolve(map);
                if (ref.startsWith("#/components/schemas/")) {
                    used.add(ref.substring("#/components/schemas/".length()));
                }
            }
            map.forEach((key, value) -> {
                assertNotNull("a comma too many in [" + key + "]", value);
                visit(value, used);
            });
        } else if (node instanceof List<?> list) {
            list.forEach(value -> visit(value, used));
        }
    }
}
