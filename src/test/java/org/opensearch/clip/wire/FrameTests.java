// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import java.io.EOFException;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.opensearch.Version;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.test.OpenSearchTestCase;

/** What is around every form of ours, and who may be sent it. */
public class FrameTests extends OpenSearchTestCase {

    private static StreamInput written(Frame.Fields fields) throws IOException {
        BytesStreamOutput out = new BytesStreamOutput();
        fields.write(out);
        return out.bytes().streamInput();
    }

    public void testATailIsReadByThoseWhoKnowItAndSkippedByOthers() throws IOException {
        Frame.Fields form = out -> {
            Frame.begin(out).writeString("field");
            Frame.end(out, tail -> tail.writeVInt(7));
            out.writeString("next");
        };
        StreamInput knowing = written(form);
        assertEquals("field", Frame.begin(knowing).readString());
        StreamInput tail = Frame.tail(knowing);
        assertEquals(7, tail.readVInt());
        assertEquals(0, tail.available());
        assertEquals("next", knowing.readString());
        StreamInput older = written(form);
        assertEquals("field", Frame.begin(older).readString());
        Frame.end(older);
        assertEquals("next", older.readString());
    }

    public void testAnotherFormatIsRefusedByItsNumber() throws IOException {
        StreamInput later = written(out -> out.writeVInt(Frame.FORMAT + 1));
        IOException e = expectThrows(IOException.class, () -> Frame.begin(later));
        assertTrue(
                e.getMessage(),
                e.getMessage().contains("reads format [2]") && e.getMessage().contains("got [3]"));
    }

    public void testATailThatIsLongerThanWhatIsThereTakesNoMemory() throws IOException {
        StreamInput cut = written(out -> out.writeVInt(Integer.MAX_VALUE));
        expectThrows(EOFException.class, () -> Frame.end(cut));
    }

    public void testTheOldFormHasNeitherNumberNorTail() throws IOException {
        StreamInput bare = written(out -> {
            Frame.begin(OldForm.of(out)).writeString("field");
            Frame.end(OldForm.of(out), tail -> tail.writeVInt(7));
        });
        StreamInput old = OldForm.of(bare);
        assertEquals("field", Frame.begin(old).readString());
        assertEquals(0, Frame.tail(old).available());
        assertEquals(0, bare.available());
    }

    private static DiscoveryNode node(String format) {
        return new DiscoveryNode(
                "n" + format,
                buildNewFakeTransportAddress(),
                format == null ? Map.of() : Map.of(Frame.NODE_ATTRIBUTE, format),
                Set.of(),
                Version.CURRENT);
    }

    public void testANodeIsSentWhatItsAttributeSaysThatItUnderstands() {
        Hop<?, ?> known = new Hop<>("new", "old", in -> null, in -> null);
        Hop<?, ?> added = new Hop<>("new", null, in -> null, in -> null);
        for (String none : new String[] {null, "", "x", "0", "-1", "2x", "99999999999"}) {
            assertFalse(none, Frame.understands(node(none)));
            assertFalse(none, known.knownTo(node(none)));
            assertFalse(none, added.knownTo(node(none)));
        }
        assertTrue(known.knownTo(node("1")));
        assertTrue(Frame.isOld(node("1")));
        assertFalse(added.knownTo(node("1")));
        for (String format : new String[] {"2", "3"}) {
            assertTrue(known.knownTo(node(format)));
            assertTrue(added.knownTo(node(format)));
            assertFalse(Frame.isOld(node(format)));
        }
    }

    public void testWhatCoreSendsHasAFrameOnlyWhereNoNodeIsOlder() {
        assertTrue(Frame.isEverywhere(Set.of(node("2"), node("3"), node(null))));
        assertFalse(Frame.isEverywhere(Set.of(node("2"), node("1"))));
    }
}
