// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.opensearch.test.OpenSearchTestCase;

public class LabelsTests extends OpenSearchTestCase {

    private static String refusal(ThrowingRunnable made) {
        return expectThrows(IllegalArgumentException.class, made).getMessage();
    }

    private static List<String> words(int count) {
        return IntStream.range(0, count).mapToObj(i -> "w" + i).toList();
    }

    private static List<String> words(int count, int length) {
        return IntStream.range(0, count)
                .mapToObj(i -> (i + "x".repeat(length)).substring(0, length))
                .toList();
    }

    /** Two texts of 2.4 thousand million characters, were they made. */
    public void testALongLabelInManyPlacesIsRefusedBeforeATextIsMade() {
        var labels = List.of("b".repeat(1_200_000), "c");
        var prompts = List.of("{}".repeat(2000));
        assertEquals(
                "[labels[0]] has [1200000] characters, at most [1000] are allowed",
                refusal(() -> new Labels(labels, prompts)));
        assertEquals(
                "[prompt[0]] has [4000] characters, at most [1000] are allowed",
                refusal(() -> new Labels(List.of("c"), prompts)));
    }

    public void testWhatLabelsAndPromptsMakeTogetherIsBoundedToo() {
        List<String> prompts = List.of("{}".repeat(500), "a {}");
        assertEquals(
                "[labels] in the places of [prompt] make texts of [1503006] characters, at most [1048576] are allowed",
                refusal(() -> new Labels(words(3, 1000), prompts)));
        var labels = new Labels(words(2, 1000), prompts);
        assertEquals(
                2 * (500_000 + 1_002),
                labels.sources().stream()
                        .mapToInt(s -> ((Source.Text) s).text().length())
                        .sum());
    }

    public void testManyShortLabelsInUsualPromptsAreAllowed() {
        assertEquals(
                2048,
                new Labels(words(2048), List.of("a photo of a {}")).sources().size());
        assertEquals(2000, new Labels(words(25), Collections.nCopies(80, "a photo of a {}, a kind of thing")).texts());
    }

    public void testAnAnswerIsBoundedBeforeAModelIsAsked() {
        Map<String, Object> body = Map.of("inputs", words(2048), "labels", words(2048));
        String refusal = refusal(() -> Classify.Body.parse("m", body));
        assertTrue(refusal, refusal.startsWith("[2048] inputs with up to [2048] labels each make an answer of [27"));
        assertTrue(refusal, refusal.endsWith("at most [8388608] are allowed: ask for fewer labels by [top_k]"));
        var one = Classify.Body.parse("m", Map.of("inputs", words(2048), "labels", words(2048), "top_k", 1));
        assertEquals(1, one.topK());
        var few = Classify.Body.parse("m", Map.of("inputs", words(32), "labels", words(2048)));
        assertEquals(2048, few.topK());
    }

    public void testLongLabelsCountAsLongInTheAnswer() {
        Map<String, Object> body = Map.of("inputs", words(100), "labels", words(100, 1000));
        String refusal = refusal(() -> Classify.Body.parse("m", body));
        assertTrue(refusal, refusal.contains("make an answer of [10600000] characters"));
        assertEquals(
                70,
                Classify.Body.parse("m", Map.of("inputs", words(100), "labels", words(100, 1000), "top_k", 70))
                        .topK());
    }

    public void testTheAnswerInJinasSchemaIsBoundedToo() {
        Map<String, Object> body = Map.of("model", "m", "input", words(2048), "labels", words(2048));
        String refusal = refusal(() -> Classify.InJinaSchema.parse(body));
        assertTrue(refusal, refusal.endsWith("are allowed: send fewer in [input] or in [labels]"));
    }
}
