// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.lease.Releasable;

/**
 * An input at a stage of its way, with what it holds there. It stands in a queue or is in the hands of one thread, which closes it when it goes
 * no further; closing it twice does nothing more.
 */
sealed interface Work extends Releasable {

    PendingInput input();

    /**
     * As it was sent.
     *
     * @param key by which the vector of a text is kept, {@code null} when it is not
     */
    record Given(PendingInput input, QueryCache.Key key) implements Work {
        @Override
        public void close() {}
    }

    /** @param held gives back what is counted for {@code bytes}, once */
    record Fetched(PendingInput input, byte[] bytes, Releasable held) implements Work {
        @Override
        public void close() {
            held.close();
        }
    }

    /**
     * Decoded or tokenised.
     *
     * @param cut the text was cut before it was tokenised
     * @param key by which its vector is kept, {@code null} when it is not
     * @param held gives back what is counted for a large picture, once
     */
    record Ready(PendingInput input, Prepared prepared, boolean cut, QueryCache.Key key, Releasable held)
            implements Work {
        @Override
        public void close() {
            held.close();
        }

        boolean isText() {
            return input.source() instanceof Source.Text;
        }
    }
}
