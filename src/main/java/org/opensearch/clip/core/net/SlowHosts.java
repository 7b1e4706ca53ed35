// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Remembers for {@link #MEMORY} hosts that did not answer in time, so that each of a thousand pictures does not wait for them again. A host that has answered
 * others in that time is not one of them: then it is the picture that is slow. After it one fetch asks again, and its outcome is the next news.
 * Safe for use by many threads.
 */
final class SlowHosts {

    static final Duration MEMORY = Duration.ofSeconds(30);

    /** Names are chosen by strangers, so that there may be any number of them. */
    private static final int MOST = 1000;

    private enum News {
        ANSWERED,
        NOT_CONNECTED_IN_TIME,
        NOT_DONE_IN_TIME,
        /** Says nothing of how fast the host is. */
        NONE
    }

    /**
     * @param news never {@code NONE}
     * @param at nanoseconds
     * @param probed whether one asks again at the moment
     */
    private record Known(News news, long at, boolean probed) {}

    /** That a host is not to be asked now. */
    static final class Remembered extends Exception {
        private final boolean connected;

        private Remembered(boolean connected) {
            super(null, null, false, false);
            this.connected = connected;
        }

        /** Whether a connection stood, of which a message may tell more. */
        boolean connected() {
            return connected;
        }
    }

    /** Where a fetch asks. */
    interface Door {
        Hop enter(String host) throws Remembered;
    }

    private final LongSupplier nanos;

    private final Map<String, Known> hosts = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST;
        }
    };

    SlowHosts(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** One hop of a fetch. What is told of it last is the news once it is closed. Used by one thread. */
    final class Hop implements AutoCloseable {
        private final String host;
        private final Duration patience;
        private final long begin = nanos.getAsLong();
        private News news = News.NONE;

        private Hop(String host, Duration patience) {
            this.host = host;
            this.patience = patience;
        }

        /** Whatever it said. */
        void answered() {
            news = News.ANSWERED;
        }

        void broke() {
            news = News.NONE;
        }

        /** Says something of the host if it had its time. */
        void timedOut(boolean connected) {
            boolean itsTime = nanos.getAsLong() - begin >= patience.toNanos();
            news = !itsTime ? News.NONE : connected ? News.NOT_DONE_IN_TIME : News.NOT_CONNECTED_IN_TIME;
        }

        @Override
        public void close() {
            ended(host, news);
        }
    }

    /**
     * Before a host is asked.
     *
     * @param patience that a host may expect; who has less does not speak for others
     * @throws Remembered when it is not to be asked now
     */
    synchronized Hop enter(String host, Duration patience) throws Remembered {
        Known known = hosts.get(host);
        if (known != null && known.news() != News.ANSWERED) {
            if (known.probed() || isRecent(known)) {
                throw new Remembered(known.news() == News.NOT_DONE_IN_TIME);
            }
            hosts.put(host, new Known(known.news(), known.at(), true));
        }
        return new Hop(host, patience);
    }

    private synchronized void ended(String host, News news) {
        Known known = hosts.get(host);
        if (news == News.NONE) {
            if (known != null && known.probed()) {
                hosts.put(host, new Known(known.news(), known.at(), false));
            }
        } else if (news == News.ANSWERED || known == null || known.news() != News.ANSWERED || !isRecent(known)) {
            hosts.remove(host); // to become the youngest
            hosts.put(host, new Known(news, nanos.getAsLong(), false));
        }
    }

    private boolean isRecent(Known known) {
        return nanos.getAsLong() - known.at() < MEMORY.toNanos();
    }
}
