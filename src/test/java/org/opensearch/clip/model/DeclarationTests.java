// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.test.OpenSearchTestCase;

public class DeclarationTests extends OpenSearchTestCase {

    private static Map<String, Object> body(Object... more) {
        Map<String, Object> body = new HashMap<>(Map.of("source", new HashMap<>(Map.of("path", "m"))));
        for (int i = 0; i < more.length; i += 2) {
            body.put((String) more[i], more[i + 1]);
        }
        return body;
    }

    private static String refused(Map<String, Object> body) {
        return expectThrows(IllegalArgumentException.class, () -> Declaration.parse(body))
                .getMessage();
    }

    public void testTakesOverridesFromTheTopLevel() {
        Declaration declaration = Declaration.parse(body(
                "pooling",
                "MEAN",
                "max_tokens",
                64,
                "towers",
                List.of("text"),
                "nodes",
                List.of("data:true", "gpu*"),
                "device",
                "cpu",
                "model_ttl",
                "30m"));
        assertEquals(Map.of("path", "m"), declaration.source());
        assertEquals(Map.of("pooling", "mean", "max_tokens", 64, "towers", List.of("text")), declaration.overrides());
        assertEquals("data:true,gpu*", declaration.nodes());
        assertEquals("cpu", declaration.device());
        assertEquals(TimeValue.timeValueMinutes(30), declaration.modelTtl());
        assertNull(Declaration.parse(body()).modelTtl());
        assertEquals(
                TimeValue.MINUS_ONE, Declaration.parse(body("model_ttl", "-1")).modelTtl());
    }

    public void testVariantBelongsToTheSource() {
        Declaration declaration = Declaration.parse(Map.of("source", Map.of("catalog", "m", "variant", "fp16")));
        assertEquals(Map.of("catalog", "m"), declaration.source());
        assertEquals(Map.of("variant", "fp16"), declaration.overrides());
    }

    public void testRefusesWhatAClusterStateCannotBeWrittenWith() {
        assertEquals("[query_prompt] holds half of a surrogate pair", refused(body("query_prompt", "a\ud800b")));
        assertEquals("[nodes] holds half of a surrogate pair", refused(body("nodes", List.of("a", "\udc00"))));
        assertEquals(
                "[source.url] holds half of a surrogate pair",
                refused(Map.of("source", Map.of("url", "https://a.org/\ud800"))));
        Declaration.parse(body("query_prompt", "\ud83d\ude00"));
    }

    public void testNamesEveryUnknownParameter() {
        String message = refused(body("colour", 1, "polling", "mean", "pooling", "mean"));
        assertThat(message, containsString("unknown parameters [colour, polling]"));
        assertThat(message, containsString("max_tokens"));
    }

    public void testNamesTheParameterWhoseValueIsWrong() {
        assertThat(refused(body("max_tokens", "many")), containsString("[max_tokens]"));
        assertThat(refused(body("pooling", null)), containsString("[pooling]"));
        assertThat(refused(body("device", "tpu")), containsString("[device] must be [auto], [cpu]"));
        assertThat(refused(body("nodes", 7)), containsString("[nodes] must be a string"));
        assertThat(refused(body("nodes", List.of())), containsString("[nodes] must be a string"));
        assertThat(refused(body("model_ttl", 30)), containsString("[model_ttl] must be a string"));
        assertThat(refused(body("model_ttl", "soon")), containsString("[model_ttl]"));
        for (String ttl : List.of("0", "999ms", "-2")) {
            assertThat(refused(body("model_ttl", ttl)), containsString("model_ttl"));
        }
        assertThat(refused(body("source", "m")), containsString("[source] is required"));
        assertThat(refused(Map.of()), containsString("[source] is required"));
    }

    public void testNodesAreNamedShortly() {
        assertEquals(
                1_000,
                Declaration.parse(body("nodes", "n".repeat(1_000))).nodes().length());
        assertEquals(
                "[nodes] has [1001] characters, at most [1000] are allowed: name an attribute or a role of the nodes",
                refused(body("nodes", "n".repeat(1_001))));
        assertThat(
                refused(body("nodes", Collections.nCopies(400, "node"))),
                containsString("[nodes] has [1999] characters, at most [1000]"));
    }

    public void testNormalisationIsNoPropertyOfAModel() {
        assertThat(refused(body("normalize", true)), containsString("unknown parameters [normalize]"));
    }

    public void testIdsAreSafeInPathsAndUrls() {
        for (String id : List.of("a", "0", "jina-clip-v2", "a.b_c-d", "x".repeat(128))) {
            assertEquals(id, DeclaredModel.requireId(id));
        }
        for (String id : List.of("", "_catalog", "A", "a/b", ".a", "-a", "a b", "x".repeat(129), "ä")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> DeclaredModel.requireId(id));
            assertThat(e.getMessage(), containsString("[" + id + "]"));
        }
    }
}
