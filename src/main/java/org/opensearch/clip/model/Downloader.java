// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensearch.clip.core.net.Access;
import org.opensearch.clip.core.net.Answer;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.settings.DownloadSettings.Downloads;

/**
 * Asks a server as often as it takes: what passes by itself (a cut connection, a server that is busy) is asked again, later and later, and
 * a file goes on where it broke off. It gives up after some attempts in a row that brought nothing. Blocks; safe for use by many threads.
 */
final class Downloader {

    private static final int ATTEMPTS = 5;
    private static final int ATTEMPTS_IN_ALL = 100;
    private static final long MOST_PATIENCE_MILLIS = 600_000;
    private static final int BUFFER = 1 << 16;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-\\d+/(\\d+|\\*)");

    private final Fetcher fetcher;
    private final Supplier<Downloads> settings;
    private final long firstPauseMillis;

    /** @param firstPauseMillis before the second attempt; doubled for each one more */
    Downloader(Fetcher fetcher, Supplier<Downloads> settings, long firstPauseMillis) {
        this.fetcher = fetcher;
        this.settings = settings;
        this.firstPauseMillis = firstPauseMillis;
    }

    /**
     * One answer of status 200.
     *
     * @param what is asked for, for messages
     * @throws DownloadException why there is none
     */
    <T> T get(String what, String url, Access access, Progress progress, Fetcher.Reader<T> reader) {
        return attempts(
                () -> 0,
                progress,
                () -> fetcher.ask(url, 0, settings.get().policy(), access, progress::onCancel, answer -> {
                    require(answer.status() == 200, what, answer, access);
                    return reader.read(answer);
                }));
    }

    /**
     * Fills {@code part}, which may have a beginning already.
     *
     * @param what is asked for, for messages
     * @param size in bytes that the file must have
     * @param room called now and then; throws when there is no room left on the disk
     * @throws DownloadException why it is not complete; what has arrived stays unless it is wrong
     */
    void file(String what, String url, Access access, long size, PartFile part, Progress progress, Runnable room) {
        if (part.length() > size) {
            part.restart();
        }
        while (part.length() < size) {
            attempts(part::length, progress, () -> {
                long from = part.length();
                return fetcher.ask(url, from, settings.get().policy(), access, progress::onCancel, answer -> {
                    begin(what, answer, access, from, size, part, progress);
                    copy(what, answer, size, part, progress, room);
                    return null;
                });
            });
        }
    }

    private static void begin(
            String what, Answer answer, Access access, long from, long size, PartFile part, Progress progress) {
        Optional<Matcher> range = answer.header("Content-Range").map(CONTENT_RANGE::matcher);
        boolean goesOn = answer.status() == 206
                && range.filter(r -> r.matches()
                                && Long.parseLong(r.group(1)) == from
                                && (r.group(2).equals("*") || Long.parseLong(r.group(2)) == size))
                        .isPresent();
        if (goesOn) {
            return;
        }
        if (from > 0 && (answer.status() == 200 || answer.status() == 206 || answer.status() == 416)) {
            part.restart(); // the server does not know ranges, or this is not the beginning of what it has
            progress.add(-from);
        }
        if (answer.status() == 206 || answer.status() == 416 && from > 0) {
            throw DownloadException.passing(what + " was answered with another range than the one asked for", 0);
        }
        require(answer.status() == 200, what, answer, access);
        if (answer.length() >= 0 && answer.length() != size) {
            throw wrongLength(what, answer.length() + " bytes", size);
        }
    }

    private static void copy(String what, Answer answer, long size, PartFile part, Progress progress, Runnable room)
            throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int n = answer.body().read(buffer); n >= 0; n = answer.body().read(buffer)) {
            if (part.length() + n > size) {
                part.restart();
                throw wrongLength(what, "more bytes", size);
            }
            room.run();
            part.append(buffer, n);
            progress.add(n);
        }
        if (part.length() < size) {
            throw DownloadException.passing(what + " ends after " + part.length() + " of " + size + " bytes", -1);
        }
    }

    private static DownloadException wrongLength(String what, String found, long size) {
        return DownloadException.lasting(what + " has " + found + " on the server, declared are " + size);
    }

    private static void require(boolean ok, String what, Answer answer, Access access) {
        int status = answer.status();
        if (ok) {
            return;
        }
        if (status == 401 || status == 403) {
            throw DownloadException.lasting(
                    what + " is refused with status " + status + ": it is not there, private, or its terms"
                            + " have to be accepted first; the token in the keystore [plugins.clip.hub.token] "
                            + (access.token() == null ? "is not set" : "does not open it"));
        }
        if (status == 407) {
            throw DownloadException.lasting(
                    what + " is refused by the proxy (status 407): see [plugins.clip.hub.proxy.username] and"
                            + " [plugins.clip.hub.proxy.password] of the keystore");
        }
        if (status == 429 || status == 408 || status >= 500) {
            throw DownloadException.passing(
                    what + " is answered with status " + status,
                    answer.header("Retry-After").map(Downloader::seconds).orElse(-1L));
        }
        throw DownloadException.lasting(
                what + (status == 404 ? " is not there (status 404)" : " is answered with status " + status));
    }

    /** The form with a date is rare and taken for none. */
    private static long seconds(String retryAfter) {
        return retryAfter.matches("\\d{1,9}") ? 1000 * Long.parseLong(retryAfter) : -1;
    }

    private interface Attempt<T> {
        T run() throws FetchException;
    }

    private <T> T attempts(LongSupplier arrived, Progress progress, Attempt<T> attempt) {
        int failures = 0;
        for (int all = 1; ; all++) {
            progress.check();
            long before = arrived.getAsLong();
            boolean slow = false;
            DownloadException failure;
            try {
                return attempt.run();
            } catch (FetchException e) {
                progress.check();
                slow = e.kind() == FetchException.Kind.TIMEOUT;
                failure = e.kind() == FetchException.Kind.REFUSED || e.kind() == FetchException.Kind.TOO_LARGE
                        ? DownloadException.lasting(e.getMessage(), e)
                        : DownloadException.passing(e.getMessage(), e);
            } catch (DownloadException e) {
                failure = e;
            }
            failures = arrived.getAsLong() > before && !slow ? 1 : failures + 1;
            long pause = failure.retryAfterMillis() >= 0
                    ? failure.retryAfterMillis()
                    : firstPauseMillis << Math.min(failures - 1, 10);
            if (!failure.passing() || failures >= ATTEMPTS || all >= ATTEMPTS_IN_ALL || pause > MOST_PATIENCE_MILLIS) {
                throw failure;
            }
            progress.pause(pause);
        }
    }
}
