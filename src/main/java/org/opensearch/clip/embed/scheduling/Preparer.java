// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.Map;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.scheduling.Work.Fetched;
import org.opensearch.clip.embed.scheduling.Work.Given;
import org.opensearch.clip.embed.scheduling.Work.Ready;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats.Stage;
import org.opensearch.common.lease.Releasable;

/**
 * From an input as it was sent or fetched to what a run takes: decodes and resizes pictures within the memory of their lane, tokenises texts. An input that
 * cannot be prepared is settled, alone. Safe for use by many threads.
 */
final class Preparer {

    /** Pixels of a picture that the tower sees: those of larger ones are charged until they have run, and run one by one. */
    private static final long LARGE = 8L << 20;

    private static final Releasable NOTHING = () -> {};

    private final ClipSettings settings;
    private final ImageResolver images;
    private final Map<Lane, DecodeMemory> memory;
    private final QueryCache cache;
    private final LongSupplier clock;

    Preparer(
            ClipSettings settings,
            ImageResolver images,
            Map<Lane, DecodeMemory> memory,
            QueryCache cache,
            LongSupplier clock) {
        this.settings = settings;
        this.images = images;
        this.memory = memory;
        this.cache = cache;
        this.clock = clock;
    }

    /** Whether the pixels that a tower sees are so many that its pictures run one by one. */
    static boolean isLarge(DualEncoder encoder) {
        return pixels(encoder) > LARGE;
    }

    /** Bytes of a picture as the tower sees it. */
    private static long pixels(DualEncoder encoder) {
        return encoder.description()
                .image()
                .map(Tower.Image::pixels)
                .map(tower -> (long) tower.floats() * Float.BYTES)
                .orElse(0L);
    }

    /** @return {@code null} when the input is settled now, or was wanted by nobody */
    Ready prepare(DualEncoder encoder, Work work) {
        PendingInput input = work.input();
        if (!input.isWanted()) {
            return null;
        }
        if (work instanceof Ready ready) {
            return ready;
        }
        long start = clock.getAsLong();
        input.time().start();
        try {
            Ready ready = make(encoder, work);
            Stage stage = input.source() instanceof Source.Text ? Stage.TOKENIZE : Stage.DECODE;
            input.request().stats().took(stage, clock.getAsLong() - start);
            return ready;
        } catch (Exception | StackOverflowError | LinkageError e) {
            input.settle(Failures.of(e));
            return null;
        } finally {
            input.time().stop();
        }
    }

    private Ready make(DualEncoder encoder, Work work) {
        PendingInput input = work.input();
        return switch (work) {
            case Ready ready -> ready;
            case Fetched fetched -> picture(encoder, input, fetched.bytes());
            case Given given ->
                switch (input.source()) {
                    case Source.Text text -> text(encoder, given, text.text());
                    case Source.Image image -> picture(encoder, input, images.decode(image.image()));
                };
        };
    }

    private Ready text(DualEncoder encoder, Given given, String text) {
        if (text.isBlank()) {
            throw new InputException(InputException.Kind.INVALID_TEXT, "text is empty");
        }
        CappedText capped = CappedText.of(text, settings.text().maxBytes());
        Prepared prepared = encoder.prepare(
                new Input.Text(capped.text(), given.input().request().side()));
        return new Ready(given.input(), prepared, capped.cut(), given.key(), NOTHING);
    }

    /** A picture that is known need not be decoded. */
    private Ready picture(DualEncoder encoder, PendingInput input, byte[] bytes) {
        QueryCache.Key key = QueryCache.keyOf(input, bytes);
        if (key != null) {
            cache.get(key).ifPresent(input::settle);
            if (!input.isWanted()) {
                return null;
            }
        }
        Input.Image image = new Input.Image(bytes, input.request().describesPictures());
        DecodeMemory ofLane = memory.get(input.request().lane());
        if (!isLarge(encoder)) {
            try (Releasable ignored = ofLane.take(images.memory(bytes), input::isWanted)) {
                return new Ready(input, encoder.prepare(image), false, key, NOTHING);
            }
        }
        Releasable held = ofLane.take(images.memory(bytes) + pixels(encoder), input::isWanted);
        try {
            return new Ready(input, encoder.prepare(image), false, key, held);
        } catch (RuntimeException | Error e) {
            held.close();
            throw e;
        }
    }
}
