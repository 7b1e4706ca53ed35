// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Source;

/** Who is fetched next. Inputs are called by the host and a number. */
public class FetchQueueTests extends QueueTestCase {

    private int most = 2;
    private final FetchQueue queue = new FetchQueue(() -> most);

    private PendingRequest add(String... inputs) {
        PendingRequest request = request(
                Lane.INGEST,
                Stream.of(inputs)
                        .map(input -> new Source.Image("http://" + input.charAt(0) + ".example/" + input))
                        .toArray(Source[]::new));
        request.inputs().forEach(queue::addLast);
        return request;
    }

    /** What is taken until nothing may move, and is under way from then on. */
    private List<PendingInput> taken() {
        List<PendingInput> all = new ArrayList<>();
        for (Optional<PendingInput> next = queue.take(); next.isPresent(); next = queue.take()) {
            all.add(next.get());
        }
        return all;
    }

    private static List<String> names(List<PendingInput> inputs) {
        return inputs.stream()
                .map(input -> ((Source.Image) input.source()).image())
                .map(url -> url.substring(url.lastIndexOf('/') + 1))
                .toList();
    }

    public void testABusyHostIsPassedOverUntilOneOfItsFetchesHasEnded() {
        add("a1", "a2", "a3", "a4", "b1");
        List<PendingInput> first = taken();
        assertEquals(List.of("a1", "b1", "a2"), names(first));
        assertEquals(2, queue.size());
        add("a5", "c1");
        assertEquals("another request has the same hosts", List.of("c1"), names(taken()));
        queue.ended(first.getFirst());
        assertEquals(List.of("a3"), names(taken()));
        most = 3;
        queue.ended(first.get(1));
        assertEquals("the setting has been changed", List.of("a5"), names(taken()));
    }

    public void testRequestsTakeTurnsAndSoDoTheHostsOfARequest() {
        add("a1", "a2", "b1", "b2");
        add("c1", "c2");
        assertEquals(List.of("a1", "c1", "b1", "c2", "a2", "b2"), names(taken()));
        assertEquals(0, queue.size());
    }

    public void testARequestThatLeavesTakesItsInputsWithIt() {
        PendingRequest leaving = add("a1", "a2", "b1");
        PendingRequest staying = add("a3");
        assertEquals(3, queue.remove(leaving).size());
        assertEquals(List.of(), queue.remove(leaving));
        assertEquals(List.of("a3"), names(taken()));
        assertEquals(List.of(), queue.remove(staying));
        assertEquals(0, queue.size());
    }

    public void testWhatIsNoUrlOfOursWaitsLikeAnyOther() {
        PendingRequest request =
                request(Lane.SEARCH, new Source.Image("http://:80/"), new Source.Image("https://user@a.example/"));
        request.inputs().forEach(queue::addLast);
        assertEquals(2, taken().size());
    }
}
