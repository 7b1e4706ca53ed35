// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.scheduling.Work.Given;

/** Who is next. */
public class FairQueueTests extends QueueTestCase {

    private final FairQueue queue = new FairQueue(2);
    /** A job whose items are called by {@code name} and a number; all wait. */
    private PendingRequest add(String name, int items) {
        Source[] sources = IntStream.range(0, items)
                .mapToObj(i -> new Source.Text(name + i))
                .toArray(Source[]::new);
        return add(sources);
    }

    private PendingRequest add(Source... sources) {
        PendingRequest request = request(Lane.INGEST, sources);
        request.inputs().forEach(input -> queue.addLast(new Given(input, null)));
        return request;
    }

    private List<String> take(int most) {
        return names(queue.take((group, waiting) -> most));
    }

    private static List<String> names(List<Work> works) {
        return works.stream()
                .map(work -> switch (work.input().source()) {
                    case Source.Text t -> t.text();
                    case Source.Image i -> i.image();
                })
                .toList();
    }

    public void testRequestsTakeTurnsOfSeveralInputsAndEachKeepsItsOrder() {
        add("a", 5);
        add("b", 1);
        add("c", 2);
        assertEquals(List.of("a0", "a1", "b0", "c0"), take(4));
        assertEquals(List.of("c1", "a2"), take(2));
        add("d", 1);
        assertEquals("the turn of a is not over", List.of("a3", "d0", "a4"), take(4));
        assertEquals(List.of(), take(4));
        assertEquals(0, queue.size());
    }

    /** Were a turn one input, the first of them would end when nearly all is done. */
    public void testRequestsOfATurnEndOneAfterTheOther() {
        for (String name : List.of("a", "b", "c", "d")) {
            add(name, 2);
        }
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            order.addAll(take(1));
        }
        assertEquals(List.of("a0", "a1", "b0", "b1", "c0", "c1", "d0", "d1"), order);
    }

    public void testOneTakeIsOfOneTowerAndTowersTakeTurns() {
        Source text = new Source.Text("text");
        Source picture = new Source.Image("picture");
        add(text, picture);
        add(new Source.Text("text2"), new Source.Image("picture2"));
        List<Modality> seen = new ArrayList<>();
        List<Work> first = queue.take((group, waiting) -> {
            seen.add(group.modality());
            return waiting - 1;
        });
        assertEquals(List.of("text"), names(first));
        assertEquals(List.of("picture", "picture2"), take(8));
        assertEquals(List.of("text2"), take(8));
        assertEquals(List.of(Modality.TEXT), seen);
    }

    public void testWhatWasPutBackIsNext() {
        add("a", 3);
        add("b", 3);
        List<Work> taken = queue.take((group, waiting) -> 4);
        assertEquals(List.of("a0", "a1", "b0", "b1"), names(taken));
        queue.addFirst(taken.get(3));
        queue.addFirst(taken.get(2));
        assertEquals(4, queue.size());
        assertEquals(List.of("b0", "b1", "a2", "b2"), take(9));
    }

    public void testARequestThatLeavesTakesItsInputsWithIt() {
        add("a", 2);
        PendingRequest leaving = add("b", 3);
        assertEquals(List.of("b0", "b1", "b2"), names(queue.remove(leaving)));
        assertEquals(List.of(), queue.remove(leaving));
        assertEquals(2, queue.size());
        assertEquals(List.of("a0", "a1"), take(9));
        PendingRequest last = add("c", 1);
        assertEquals(1, queue.remove(last).size());
        assertEquals(List.of(), take(9));
    }
}
