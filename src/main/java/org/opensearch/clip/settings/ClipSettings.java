// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import static org.opensearch.common.settings.Setting.Property.Dynamic;
import static org.opensearch.common.settings.Setting.Property.IndexScope;
import static org.opensearch.common.settings.Setting.Property.NodeScope;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opensearch.OpenSearchParseException;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.clip.core.net.FetchPolicy;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.SecureSetting;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Setting.Property;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.RatioValue;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.OpenSearchExecutors;
import org.opensearch.core.common.unit.ByteSizeUnit;
import org.opensearch.core.common.unit.ByteSizeValue;
import org.opensearch.monitor.jvm.JvmInfo;
import org.opensearch.monitor.os.OsProbe;

/**
 * Every setting of the plugin, with unit and reason, and their values in force as immutable records. One update of the cluster
 * settings replaces all records at once, so a record is consistent in itself. Safe for use by many threads.
 */
public final class ClipSettings {

    // ---- what an input may be

    /** Of the file, fetched or decoded from base64. */
    public static final Setting<ByteSizeValue> IMAGE_MAX_BYTES = bytes(
            "plugins.clip.image.max_bytes",
            new ByteSizeValue(10, ByteSizeUnit.MB),
            new ByteSizeValue(1, ByteSizeUnit.GB));

    /** Read from the header before anything is decoded; JPEG and WebP take 4 to 10 bytes a pixel. */
    public static final Setting<Long> IMAGE_MAX_PIXELS =
            Setting.longSetting("plugins.clip.image.max_pixels", 50_000_000, 1, 500_000_000, Dynamic, NodeScope);

    /** JPEG and WebP by libjpeg-turbo and libwebp; without them the JDK reads JPEG, several times slower, and nothing reads WebP. */
    public static final Setting<Boolean> IMAGE_NATIVE_DECODERS =
            Setting.boolSetting("plugins.clip.image.native_decoders", true, NodeScope);

    /** Of JPEGs that stay twice as large as what they are resized to; off, because the vectors differ: docs/pictures.md. */
    public static final Setting<Boolean> IMAGE_SCALED_DECODING =
            Setting.boolSetting("plugins.clip.image.scaled_decoding", false, NodeScope);

    /** UTF-8; cut before tokenising, because a tokenizer reads the whole text even where it keeps 77 tokens. */
    public static final Setting<ByteSizeValue> TEXT_MAX_BYTES = bytes(
            "plugins.clip.text.max_bytes",
            new ByteSizeValue(64, ByteSizeUnit.KB),
            new ByteSizeValue(1, ByteSizeUnit.MB));

    // ---- lanes

    /** Runs of ingest at a time, one thread each. */
    public static final Setting<Integer> THREADS = threads("plugins.clip.threads");

    /** Runs of searches at a time, beside those of ingest. */
    public static final Setting<Integer> SEARCH_THREADS = threads("plugins.clip.search.threads");

    private static Setting<Integer> threads(String key) {
        return new Setting<>(
                key,
                s -> Integer.toString(OpenSearchExecutors.allocatedProcessors(s)),
                s -> Setting.parseInt(s, 1, 1024, key),
                NodeScope);
    }

    /** Requests that wait; one more is answered 429. */
    public static final Setting<Integer> SEARCH_QUEUE =
            Setting.intSetting("plugins.clip.search.queue", 200, 1, 100_000, Dynamic, NodeScope);

    /** Bytes that each lane holds, because pictures differ a thousandfold; one more is a 429. */
    public static final Setting<ByteSizeValue> INGEST_QUEUE =
            memory("plugins.clip.ingest.queue", "10%", ClipSettings::heap);

    public static final Setting<TimeValue> INGEST_MAX_QUEUE_TIME =
            time("plugins.clip.ingest.max_queue_time", TimeValue.timeValueMinutes(10), TimeValue.timeValueHours(24));

    /** From leaving the queue to the vector. */
    public static final Setting<TimeValue> SEARCH_TIMEOUT =
            time("plugins.clip.search.timeout", TimeValue.timeValueSeconds(10), TimeValue.timeValueHours(1));

    /** From leaving the queue to the vector. */
    public static final Setting<TimeValue> INGEST_TIMEOUT =
            time("plugins.clip.ingest.timeout", TimeValue.timeValueSeconds(60), TimeValue.timeValueHours(1));

    public static final Setting<ByteSizeValue> QUERY_CACHE_SIZE =
            memory("plugins.clip.query_cache.size", "1%", ClipSettings::heap);

    // ---- models

    /** How long a request waits for a model that is being loaded; 0 = not at all. */
    public static final Setting<TimeValue> LOAD_WAIT = Setting.timeSetting(
            "plugins.clip.load.wait",
            TimeValue.timeValueSeconds(30),
            TimeValue.ZERO,
            TimeValue.timeValueHours(1),
            Dynamic,
            NodeScope);

    /** Native bytes of the loaded models by our own ledger. A ratio is of the memory outside the heap: models live there. */
    public static final Setting<ByteSizeValue> MEMORY_LIMIT =
            memory("plugins.clip.memory.limit", "40%", ClipSettings::outsideHeap);

    /** Declared models of the cluster: each is at most 16 KB of every full cluster state, mostly 2. */
    public static final Setting<Integer> MAX_MODELS =
            Setting.intSetting("plugins.clip.max_models", 100, 1, 1000, Dynamic, NodeScope);

    /** Where models run that do not say it themselves; takes effect with the next load. */
    public static final Setting<String> DEVICE = Setting.simpleString(
            "plugins.clip.device",
            "auto",
            matching("plugins.clip.device", "auto|cpu|cuda(:[0-9]{1,2})?", "[auto], [cpu], [cuda] or [cuda:n]"),
            Dynamic,
            NodeScope);

    // ---- of an index

    /** The model of queries that name none. */
    public static final Setting<String> INDEX_MODEL_ID = Setting.simpleString(
            "index.clip.model_id",
            matching("index.clip.model_id", "|[a-z0-9][a-z0-9._-]{0,127}", "a model id"),
            Dynamic,
            IndexScope);

    /** What happens when vectors of two models would meet in one field. */
    public static final Setting<Guard> INDEX_GUARD =
            new Setting<>("index.clip.guard", "error", Guard::parse, Dynamic, IndexScope);

    public enum Guard {
        ERROR,
        WARN,
        OFF;

        static Guard parse(String value) {
            return Stream.of(values())
                    .filter(g -> g.name().toLowerCase(Locale.ROOT).equals(value))
                    .findAny()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "[index.clip.guard] must be [error], [warn] or [off], got [" + Shown.of(value) + "]"));
        }
    }

    /**
     * @param fetch for pictures given by URL, its limit of bytes is {@code maxBytes}
     * @param fetchesOfHost at a time for one lane
     * @param maxBytes of the file, wherever it comes from
     * @param maxPixels of the picture before anything is decoded
     */
    public record Image(boolean urlEnabled, FetchPolicy fetch, int fetchesOfHost, long maxBytes, long maxPixels) {}

    /** @param maxBytes of UTF-8 */
    public record Text(int maxBytes) {}

    /**
     * @param searchQueue requests
     * @param ingestQueueBytes bytes held by waiting requests
     */
    public record Lanes(
            int searchQueue,
            long ingestQueueBytes,
            TimeValue ingestMaxQueueTime,
            TimeValue searchTimeout,
            TimeValue ingestTimeout,
            long queryCacheBytes) {}

    /**
     * @param loadWait how long a request waits for a model that is being loaded
     * @param loadOnUse whether the first use of a declared model loads it
     * @param memoryLimitBytes native memory for all loaded models
     * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:n}
     */
    public record Models(TimeValue loadWait, boolean loadOnUse, long memoryLimitBytes, String device) {}

    private record Values(Image image, Text text, Lanes lanes, Models models, DownloadSettings.Downloads downloads) {}

    /** Copied out: the keystore can be read at the start of the node and during a reload only. */
    private record OfNode(Credentials images, DownloadSettings.OfNode downloads) {

        static OfNode read(Settings s) {
            return new OfNode(CredentialSettings.read(s), DownloadSettings.ofNode(s));
        }
    }

    private Settings current;
    private OfNode ofNode;
    private volatile Values values;

    /**
     * @param nodeSettings of this node
     * @param clusterSettings has every setting of {@link #all} registered
     */
    public ClipSettings(Settings nodeSettings, ClusterSettings clusterSettings) {
        apply(nodeSettings, OfNode.read(nodeSettings));
        List<Setting<?>> followed = all().stream()
                .filter(setting -> setting.hasNodeScope()
                        && !(setting instanceof SecureSetting)
                        && !(setting instanceof Setting.AffixSetting))
                .toList();
        clusterSettings.addSettingsUpdateConsumer(this::update, followed, this::check);
    }

    private synchronized void update(Settings changed) {
        apply(changed, ofNode);
    }

    private synchronized void check(Settings changed) {
        read(changed, ofNode);
    }

    /**
     * Takes over what the keystore says now; the values of all other settings stay.
     *
     * @param initial settings of this node, with its keystore open
     * @throws IllegalArgumentException names the setting; everything stays as it was
     */
    public synchronized void reload(Settings initial) {
        apply(current, OfNode.read(initial));
    }

    private void apply(Settings s, OfNode secrets) {
        values = read(s, secrets);
        current = Settings.builder().put(s, false).build();
        ofNode = secrets;
    }

    /** For {@code Plugin.getSettings}. */
    public static List<Setting<?>> all() {
        List<Setting<?>> all = new ArrayList<>(DownloadSettings.all());
        all.addAll(CredentialSettings.all());
        all.addAll(LifecycleSettings.all());
        all.addAll(FetchSettings.all());
        all.addAll(List.of(
                IMAGE_MAX_BYTES,
                IMAGE_MAX_PIXELS,
                IMAGE_NATIVE_DECODERS,
                IMAGE_SCALED_DECODING,
                TEXT_MAX_BYTES,
                THREADS,
                SEARCH_THREADS,
                SEARCH_QUEUE,
                INGEST_QUEUE,
                INGEST_MAX_QUEUE_TIME,
                SEARCH_TIMEOUT,
                INGEST_TIMEOUT,
                QUERY_CACHE_SIZE,
                LOAD_WAIT,
                MEMORY_LIMIT,
                MAX_MODELS,
                DEVICE,
                INDEX_MODEL_ID,
                INDEX_GUARD));
        return all;
    }

    public Image image() {
        return values.image();
    }

    public Text text() {
        return values.text();
    }

    public Lanes lanes() {
        return values.lanes();
    }

    public Models models() {
        return values.models();
    }

    /** Where models come from. */
    public DownloadSettings.Downloads downloads() {
        return values.downloads();
    }

    private static Values read(Settings s, OfNode ofNode) {
        long maxBytes = IMAGE_MAX_BYTES.get(s).getBytes();
        return new Values(
                new Image(
                        FetchSettings.IMAGE_URL_ENABLED.get(s),
                        FetchSettings.policy(s, maxBytes, ofNode.images()),
                        FetchSettings.IMAGE_URL_MAX_CONCURRENT_PER_HOST.get(s),
                        maxBytes,
                        IMAGE_MAX_PIXELS.get(s)),
                new Text(Math.toIntExact(TEXT_MAX_BYTES.get(s).getBytes())),
                new Lanes(
                        SEARCH_QUEUE.get(s),
                        INGEST_QUEUE.get(s).getBytes(),
                        INGEST_MAX_QUEUE_TIME.get(s),
                        SEARCH_TIMEOUT.get(s),
                        INGEST_TIMEOUT.get(s),
                        QUERY_CACHE_SIZE.get(s).getBytes()),
                new Models(
                        LOAD_WAIT.get(s),
                        LifecycleSettings.LOAD_ON_USE.get(s),
                        MEMORY_LIMIT.get(s).getBytes(),
                        DEVICE.get(s)),
                DownloadSettings.read(s, ofNode.downloads()));
    }

    static Setting<TimeValue> time(String key, TimeValue value, TimeValue max) {
        return Setting.timeSetting(key, value, TimeValue.timeValueMillis(1), max, Dynamic, NodeScope);
    }

    private static Setting<ByteSizeValue> bytes(String key, ByteSizeValue value, ByteSizeValue max) {
        return Setting.byteSizeSetting(key, value, new ByteSizeValue(1), max, Dynamic, NodeScope);
    }

    private static Setting<ByteSizeValue> memory(String key, String value, LongSupplier whole) {
        return new Setting<>(key, value, s -> bytesOrRatio(key, s, whole.getAsLong()), Dynamic, NodeScope);
    }

    private static ByteSizeValue bytesOrRatio(String key, String value, long whole) {
        try {
            ByteSizeValue bytes = value.endsWith("%")
                    ? new ByteSizeValue(
                            (long) (RatioValue.parseRatioValue(value).getAsRatio() * whole))
                    : ByteSizeValue.parseBytesSizeValue(value, key);
            if (bytes.getBytes() >= 0) {
                return bytes;
            }
        } catch (OpenSearchParseException e) {
            throw new IllegalArgumentException(notBytes(key, value), e);
        }
        throw new IllegalArgumentException(notBytes(key, value));
    }

    private static String notBytes(String key, String value) {
        return "[" + key + "] must be a size such as [512mb] or a ratio such as [10%], got [" + Shown.of(value) + "]";
    }

    private static long heap() {
        return JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();
    }

    private static long outsideHeap() {
        return Math.max(0, OsProbe.getInstance().getTotalPhysicalMemorySize() - heap());
    }

    static Setting<List<String>> strings(
            String key, List<String> value, UnaryOperator<String> check, Property... properties) {
        return Setting.listSetting(key, value, element -> checked(key, element, check), properties);
    }

    private static String checked(String key, String element, UnaryOperator<String> check) {
        try {
            return check.apply(element);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + key + "]: " + e.getMessage(), e);
        }
    }

    private static Setting.Validator<String> matching(String key, String regex, String expected) {
        Pattern pattern = Pattern.compile(regex);
        return value -> {
            if (!pattern.matcher(value).matches()) {
                throw new IllegalArgumentException(
                        "[" + key + "] must be " + expected + ", got [" + Shown.of(value) + "]");
            }
        };
    }
}
