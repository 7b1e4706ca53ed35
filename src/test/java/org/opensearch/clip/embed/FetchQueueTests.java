// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.opensearch.clip.embed.Embed.Lane;

/** Who is fetched next. Inputs are called by the host and a number. */
public class FetchQueueTests extends QueueTestCase {

    private int most = 2;
    private final FetchQueue queue = new FetchQueue(() -> most);

    private Job add(Lane lane, String... inputs) {
        Job job = job(
                lane,
                Stream.of(inputs)
                        .map(input -> new Source.Image("http://" + input.charAt(0) + ".example/" + input))
                        .toArray(Source[]::new));
        job.items().forEach(queue::addLast);
        return job;
    }

    /** What is taken until nothing may move, and is under way from then on. */
    private List<Item> taken(boolean ingest) {
        List<Item> all = new ArrayList<>();
        for (List<Item> next = queue.take(ingest); !next.isEmpty(); next = queue.take(ingest)) {
            queue.started(next.getFirst());
            all.addAll(next);
        }
        return all;
    }

    private static List<String> names(List<Item> items) {
        return items.stream()
                .map(item -> ((Source.Image) item.source()).image())
                .map(url -> url.substring(url.lastIndexOf('/') + 1))
                .toList();
    }

    public void testABusyHostIsPassedOverUntilOneOfItsFetchesHasEnded() {
        add(Lane.INGEST, "a1", "a2", "a3", "a4", "b1");
        List<Item> first = taken(true);
        assertEquals(List.of("a1", "b1", "a2"), names(first));
        assertEquals(2, queue.size());
        add(Lane.INGEST, "a5", "c1");
        assertEquals("another job has the same hosts", List.of("c1"), names(taken(true)));
        queue.ended(first.getFirst());
        assertEquals(List.of("a3"), names(taken(true)));
        most = 3;
        queue.ended(first.get(1));
        assertEquals("the setting has been changed", List.of("a5"), names(taken(true)));
    }

    public void testJobsTakeTurnsAndSoDoTheHostsOfAJob() {
        add(Lane.INGEST, "a1", "a2", "b1", "b2");
        add(Lane.INGEST, "c1", "c2");
        assertEquals(List.of("a1", "c1", "b1", "c2", "a2", "b2"), names(taken(true)));
        assertEquals(0, queue.size());
    }

    public void testSearchHasItsOwnRoomAtAHostAndGoesFirst() {
        most = 4;
        add(Lane.INGEST, "a1", "a2", "a3", "a4", "a5");
        add(Lane.SEARCH, "a6", "a7", "a8", "a9");
        assertEquals(List.of("a6", "a7", "a8", "a1", "a9", "a2", "a3", "a4"), names(taken(true)));
    }

    public void testALaneThatMayNotMoveLetsTheOtherMove() {
        add(Lane.INGEST, "a1", "b1");
        add(Lane.SEARCH, "a2", "a3", "a4");
        assertEquals("no room for ingest", List.of("a2", "a3"), names(taken(false)));
        assertEquals("search waits for its host", List.of("a1", "b1"), names(taken(true)));
    }

    public void testAJobThatLeavesTakesItsItemsWithIt() {
        Job leaving = add(Lane.INGEST, "a1", "a2", "b1");
        Job staying = add(Lane.INGEST, "a3");
        assertEquals(3, queue.remove(leaving).size());
        assertEquals(List.of(), queue.remove(leaving));
        assertEquals(List.of("a3"), names(taken(true)));
        assertEquals(List.of(), queue.remove(staying));
        assertEquals(0, queue.size());
    }

    public void testWhatIsNoUrlOfOursWaitsLikeAnyOther() {
        Job job = job(Lane.SEARCH, new Source.Image("http://:80/"), new Source.Image("https://user@a.example/"));
        job.items().forEach(queue::addLast);
        assertEquals(2, taken(true).size());
    }
}
