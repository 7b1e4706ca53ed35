// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Embed.Lane;

/** Who is next. */
public class BacklogTests extends QueueTestCase {

    private final Backlog backlog = new Backlog();
    /** A job whose items are called by {@code name} and a number; all wait. */
    private Job add(Lane lane, String name, int items) {
        Source[] sources = IntStream.range(0, items)
                .mapToObj(i -> new Source.Text(name + i))
                .toArray(Source[]::new);
        return add(lane, sources);
    }

    private Job add(Lane lane, Source... sources) {
        Job job = job(lane, sources);
        job.items().forEach(backlog::addLast);
        return job;
    }

    private List<String> take(boolean ingest, int most) {
        return names(backlog.take(ingest, (group, waiting) -> most));
    }

    private static List<String> names(List<Item> items) {
        return items.stream()
                .map(item -> switch (item.source()) {
                    case Source.Text t -> t.text();
                    case Source.Image i -> i.image();
                })
                .toList();
    }

    public void testJobsTakeTurnsAndEachKeepsItsOrder() {
        add(Lane.INGEST, "a", 4);
        add(Lane.INGEST, "b", 1);
        add(Lane.INGEST, "c", 2);
        assertEquals(List.of("a0", "b0", "c0", "a1"), take(true, 4));
        assertEquals(List.of("c1", "a2", "a3"), take(true, 4));
        assertEquals(List.of(), take(true, 4));
        assertEquals(0, backlog.size());
    }

    public void testEachFourthTurnIsIngests() {
        add(Lane.INGEST, "i", 20);
        add(Lane.SEARCH, "s", 20);
        List<String> turns = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            turns.add(take(true, 1).getFirst().substring(0, 1));
        }
        assertEquals(List.of("s", "s", "s", "i", "s", "s", "s", "i", "s", "s", "s", "i"), turns);
    }

    public void testALaneAloneHasEveryTurnUnlessItMayNotMove() {
        add(Lane.INGEST, "i", 3);
        assertEquals(List.of(), take(false, 1));
        assertEquals(List.of("i0"), take(true, 1));
        assertEquals(List.of("i1"), take(true, 1));
        add(Lane.SEARCH, "s", 2);
        for (int i = 0; i < 2; i++) {
            assertEquals(List.of("s" + i), take(false, 1));
        }
        assertEquals(List.of("i2"), take(true, 1));
    }

    public void testOneTakeIsOfOneTowerAndTowersTakeTurns() {
        Source text = new Source.Text("text");
        Source picture = new Source.Image("picture");
        add(Lane.INGEST, text, picture);
        add(Lane.INGEST, new Source.Text("text2"), new Source.Image("picture2"));
        List<Modality> seen = new ArrayList<>();
        List<Item> first = backlog.take(true, (group, waiting) -> {
            seen.add(group.modality());
            return waiting - 1;
        });
        assertEquals(List.of("text"), names(first));
        assertEquals(List.of("picture", "picture2"), take(true, 8));
        assertEquals(List.of("text2"), take(true, 8));
        assertEquals(List.of(Modality.TEXT), seen);
    }

    public void testWhatWasPutBackIsNext() {
        add(Lane.INGEST, "a", 3);
        add(Lane.INGEST, "b", 3);
        List<Item> taken = backlog.take(true, (group, waiting) -> 4);
        assertEquals(List.of("a0", "b0", "a1", "b1"), names(taken));
        backlog.addFirst(taken.get(3));
        backlog.addFirst(taken.get(2));
        assertEquals(4, backlog.size());
        assertEquals(List.of("a1", "b1", "a2", "b2"), take(true, 9));
    }

    public void testAJobThatLeavesTakesItsItemsWithIt() {
        add(Lane.INGEST, "a", 2);
        Job leaving = add(Lane.INGEST, "b", 3);
        assertEquals(List.of("b0", "b1", "b2"), names(backlog.remove(leaving)));
        assertEquals(List.of(), backlog.remove(leaving));
        assertEquals(2, backlog.size());
        assertEquals(List.of("a0", "a1"), take(true, 9));
        Job last = add(Lane.SEARCH, "c", 1);
        assertEquals(1, backlog.remove(last).size());
        assertEquals(List.of(), take(true, 9));
    }
}
