// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import org.opensearch.clip.embed.Embed.Lane;

/** Whose turn it is: search goes first, but when both lanes wait each fourth turn is ingest's. Not thread-safe. */
final class LaneTurns {

    private static final int INGEST_EVERY = 4;
    private int turn;

    /**
     * @param ingest whether that lane waits and may move
     * @return the lanes to take from, the second one if the first has nothing that may move
     */
    List<Lane> next(boolean search, boolean ingest) {
        if (!ingest) {
            return List.of(Lane.SEARCH);
        }
        if (!search) {
            return List.of(Lane.INGEST);
        }
        turn = (turn + 1) % INGEST_EVERY;
        return turn == 0 ? List.of(Lane.INGEST, Lane.SEARCH) : List.of(Lane.SEARCH, Lane.INGEST);
    }
}
