// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.MockSecureSettings;
import org.opensearch.common.settings.SecureSetting;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.monitor.jvm.JvmInfo;
import org.opensearch.monitor.os.OsProbe;
import org.opensearch.test.OpenSearchTestCase;

public class ClipSettingsTests extends OpenSearchTestCase {

    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("plugins.clip.image.url.enabled", "true"),
            Map.entry("plugins.clip.image.url.ingest", "true"),
            Map.entry("plugins.clip.image.url.max_concurrent_per_host", "4"),
            Map.entry("plugins.clip.image.url.allowed_hosts", "[\"*\"]"),
            Map.entry("plugins.clip.image.url.denied_hosts", "[]"),
            Map.entry("plugins.clip.image.url.allowed_networks", "[]"),
            Map.entry("plugins.clip.image.url.timeout", "5s"),
            Map.entry("plugins.clip.image.url.max_redirects", "3"),
            Map.entry("plugins.clip.image.url.max_concurrent", "16"),
            Map.entry("plugins.clip.image.max_bytes", "10mb"),
            Map.entry("plugins.clip.image.max_pixels", "50000000"),
            Map.entry("plugins.clip.image.native_decoders", "true"),
            Map.entry("plugins.clip.image.scaled_decoding", "false"),
            Map.entry("plugins.clip.text.max_bytes", "64kb"),
            Map.entry("plugins.clip.threads", "1"),
            Map.entry("plugins.clip.search.threads", "1"),
            Map.entry("plugins.clip.search.queue", "200"),
            Map.entry("plugins.clip.ingest.queue", "10%"),
            Map.entry("plugins.clip.ingest.max_queue_time", "10m"),
            Map.entry("plugins.clip.search.timeout", "10s"),
            Map.entry("plugins.clip.ingest.timeout", "60s"),
            Map.entry("plugins.clip.query_cache.size", "1%"),
            Map.entry("plugins.clip.load.wait", "30s"),
            Map.entry("plugins.clip.load.on_use", "true"),
            Map.entry("plugins.clip.load.at_start", "true"),
            Map.entry("plugins.clip.model_ttl", "-1"),
            Map.entry("plugins.clip.memory.limit", "40%"),
            Map.entry("plugins.clip.max_models", "100"),
            Map.entry("plugins.clip.device", "auto"),
            Map.entry("plugins.clip.hub.url", "https://huggingface.co"),
            Map.entry("plugins.clip.hub.token", ""),
            Map.entry("plugins.clip.hub.proxy", ""),
            Map.entry("plugins.clip.hub.proxy.username", ""),
            Map.entry("plugins.clip.hub.proxy.password", ""),
            Map.entry("plugins.clip.hub.allowed_networks", "[]"),
            Map.entry("plugins.clip.hub.timeout", "1h"),
            Map.entry("plugins.clip.hub.stall_timeout", "30s"),
            Map.entry("plugins.clip.disk.limit", "20gb"),
            Map.entry("plugins.clip.disk.min_free", "5gb"),
            Map.entry("index.clip.model_id", ""),
            Map.entry("index.clip.guard", "error"));

    private static final Set<String> STATIC = Set.of(
            "plugins.clip.image.native_decoders",
            "plugins.clip.image.scaled_decoding",
            "plugins.clip.image.url.allowed_networks",
            "plugins.clip.image.url.max_concurrent",
            "plugins.clip.threads",
            "plugins.clip.search.threads",
            "plugins.clip.load.at_start",
            "plugins.clip.hub.url",
            "plugins.clip.hub.token",
            "plugins.clip.hub.proxy",
            "plugins.clip.hub.proxy.username",
            "plugins.clip.hub.proxy.password",
            "plugins.clip.hub.allowed_networks",
            "plugins.clip.image.credentials.*.hosts",
            "plugins.clip.image.credentials.*.header",
            "plugins.clip.image.credentials.*.value");

    private final Settings oneProcessor =
            Settings.builder().put("node.processors", 1).build();

    public void testDefaults() {
        Map<String, String> found = new TreeMap<>();
        for (Setting<?> setting : named()) {
            boolean secret = setting instanceof SecureSetting;
            found.put(setting.getKey(), secret ? "" : setting.getDefaultRaw(oneProcessor));
            assertNotNull(setting.getKey(), setting.get(oneProcessor));
        }
        assertEquals(new TreeMap<>(DEFAULTS), found);
    }

    public void testDefaultsAsRecords() {
        ClipSettings settings = settings(Settings.EMPTY);
        long heap = JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();
        assertTrue(settings.image().urlEnabled());
        assertEquals(10L << 20, settings.image().maxBytes());
        assertEquals(10L << 20, settings.image().fetch().maxBytes());
        assertEquals(50_000_000, settings.image().maxPixels());
        assertEquals(List.of("*"), settings.image().fetch().allowedHosts());
        assertEquals(List.of(), settings.image().fetch().deniedHosts());
        assertEquals(Duration.ofSeconds(5), settings.image().fetch().timeout());
        assertEquals(3, settings.image().fetch().maxRedirects());
        assertEquals(64 << 10, settings.text().maxBytes());
        assertEquals(200, settings.lanes().searchQueue());
        assertEquals(heap / 10, settings.lanes().ingestQueueBytes(), 1);
        assertEquals(heap / 100, settings.lanes().queryCacheBytes(), 1);
        assertEquals(TimeValue.timeValueMinutes(10), settings.lanes().ingestMaxQueueTime());
        assertEquals(TimeValue.timeValueSeconds(10), settings.lanes().searchTimeout());
        assertEquals(TimeValue.timeValueSeconds(60), settings.lanes().ingestTimeout());
        assertEquals(TimeValue.timeValueSeconds(30), settings.models().loadWait());
        assertTrue(settings.models().loadOnUse());
        assertEquals("auto", settings.models().device());
        long outsideHeap = OsProbe.getInstance().getTotalPhysicalMemorySize() - heap;
        assertEquals(Math.max(0, outsideHeap) * 0.4, settings.models().memoryLimitBytes(), 1);
    }

    /** Those with a placeholder in their names have a test of their own. */
    private static List<Setting<?>> named() {
        return ClipSettings.all().stream()
                .filter(setting -> !(setting instanceof Setting.AffixSetting))
                .toList();
    }

    public void testDynamicUnlessMarked() {
        Set<String> found = ClipSettings.all().stream()
                .filter(s -> !s.isDynamic())
                .map(Setting::getKey)
                .collect(Collectors.toSet());
        assertEquals(STATIC, found);
    }

    public void testScopeFollowsTheName() {
        for (Setting<?> setting : ClipSettings.all()) {
            assertEquals(setting.getKey(), setting.getKey().startsWith("index."), setting.hasIndexScope());
            assertEquals(setting.getKey(), setting.getKey().startsWith("plugins.clip."), setting.hasNodeScope());
        }
    }

    public void testInvalidValuesNameTheSettingAndTheValue() {
        Map<String, List<String>> invalid = new TreeMap<>();
        invalid.put(
                "plugins.clip.image.url.enabled", List.of()); // core's message for a boolean does not name its setting
        invalid.put(
                "plugins.clip.image.url.allowed_hosts",
                List.of(".*\\.example\\.org", "a b", "http://a", "*a.b", "a.*", "a:80"));
        invalid.put("plugins.clip.image.url.denied_hosts", List.of("^evil$", "*.*", "a/b"));
        invalid.put(
                "plugins.clip.image.url.allowed_networks",
                List.of("10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "example.org/8"));
        invalid.put("plugins.clip.image.url.timeout", List.of("0s", "11m", "-1", "soon"));
        invalid.put("plugins.clip.image.url.max_redirects", List.of("-1", "21"));
        invalid.put("plugins.clip.image.url.max_concurrent", List.of("0", "1025"));
        invalid.put("plugins.clip.image.url.max_concurrent_per_host", List.of("0", "1025"));
        invalid.put("plugins.clip.image.url.ingest", List.of());
        invalid.put("plugins.clip.image.max_bytes", List.of("0b", "2gb", "-1"));
        invalid.put("plugins.clip.image.max_pixels", List.of("0", "500000001"));
        invalid.put("plugins.clip.image.native_decoders", List.of());
        invalid.put("plugins.clip.image.scaled_decoding", List.of());
        invalid.put("plugins.clip.text.max_bytes", List.of("0b", "2mb"));
        invalid.put("plugins.clip.threads", List.of("0", "1025", "all"));
        invalid.put("plugins.clip.search.threads", List.of("0", "1025", "all"));
        invalid.put("plugins.clip.search.queue", List.of("0", "-1"));
        invalid.put("plugins.clip.ingest.queue", List.of("101%", "-1", "-1%", "x%"));
        invalid.put("plugins.clip.ingest.max_queue_time", List.of("0ms", "25h"));
        invalid.put("plugins.clip.search.timeout", List.of("0ms", "2h"));
        invalid.put("plugins.clip.ingest.timeout", List.of("0ms", "2h"));
        invalid.put("plugins.clip.query_cache.size", List.of("101%", "-1"));
        invalid.put("plugins.clip.load.wait", List.of("-1", "2h"));
        invalid.put("plugins.clip.load.on_use", List.of()); // as url.enabled
        invalid.put("plugins.clip.load.at_start", List.of()); // as url.enabled
        invalid.put("plugins.clip.model_ttl", List.of("0s", "999ms", "soon"));
        invalid.put("plugins.clip.memory.limit", List.of("101%", "-1", "much"));
        invalid.put("plugins.clip.max_models", List.of("0", "1001"));
        invalid.put("plugins.clip.device", List.of("gpu", "cuda:", "cuda:-1", "CPU"));
        invalid.put(
                "plugins.clip.hub.url", List.of("hub.example.org", "ftp://a", "https://me:secret@a", "https://a?b"));
        invalid.put("plugins.clip.hub.token", List.of()); // never in opensearch.yml: see below
        invalid.put(
                "plugins.clip.hub.proxy",
                List.of("http://proxy:8080", "proxy", "proxy:port", "proxy:0", "proxy:65536"));
        invalid.put("plugins.clip.hub.proxy.username", List.of());
        invalid.put("plugins.clip.hub.proxy.password", List.of());
        invalid.put("plugins.clip.hub.allowed_networks", List.of("10.0.0.1/8", "example.org"));
        invalid.put("plugins.clip.hub.timeout", List.of("0ms", "8d"));
        invalid.put("plugins.clip.hub.stall_timeout", List.of("0ms", "soon"));
        invalid.put("plugins.clip.disk.limit", List.of("2pb", "much"));
        invalid.put("plugins.clip.disk.min_free", List.of("2pb", "-1"));
        invalid.put("index.clip.model_id", List.of("Upper", "-a", "a/b", "a".repeat(129)));
        invalid.put("index.clip.guard", List.of("fail", "ERROR", ""));
        assertEquals(DEFAULTS.keySet(), invalid.keySet());
        for (Setting<?> setting : named()) {
            for (String value : invalid.get(setting.getKey())) {
                Settings given = Settings.builder().put(setting.getKey(), value).build();
                var e = expectThrows(IllegalArgumentException.class, () -> setting.get(given));
                assertTrue(
                        setting.getKey() + "=" + value + ": " + e.getMessage(),
                        e.getMessage().contains(setting.getKey()));
                assertTrue(
                        setting.getKey() + "=" + value + ": " + e.getMessage(),
                        e.getMessage().contains(value));
            }
        }
    }

    public void testUpdateReplacesTheRecordsAndKeepsWhatTheNodeWasGiven() throws Exception {
        Settings ofNode = Settings.builder()
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.text.max_bytes", "1kb")
                .build();
        ClusterSettings cluster = cluster(ofNode);
        ClipSettings settings = new ClipSettings(ofNode, cluster);
        ClipSettings.Image before = settings.image();

        cluster.applySettings(Settings.builder()
                .put("plugins.clip.image.max_bytes", "1mb")
                .putList("plugins.clip.image.url.denied_hosts", "*.Example.org")
                .put("plugins.clip.memory.limit", "100mb")
                .build());

        assertEquals(10L << 20, before.maxBytes());
        assertEquals(1L << 20, settings.image().maxBytes());
        assertEquals(1L << 20, settings.image().fetch().maxBytes());
        assertEquals(List.of("*.example.org"), settings.image().fetch().deniedHosts());
        assertTrue(settings.image().fetch().addresses().allows(InetAddress.getByName("127.0.0.1")));
        assertEquals(1 << 10, settings.text().maxBytes());
        assertEquals(100L << 20, settings.models().memoryLimitBytes());

        cluster.applySettings(Settings.EMPTY);
        assertEquals(10L << 20, settings.image().maxBytes());
        assertEquals(1 << 10, settings.text().maxBytes());
    }

    public void testInvalidUpdateChangesNothing() {
        ClusterSettings cluster = cluster(Settings.EMPTY);
        ClipSettings settings = new ClipSettings(Settings.EMPTY, cluster);
        Settings bad = Settings.builder()
                .put("plugins.clip.search.queue", 7)
                .put("plugins.clip.device", "tpu")
                .build();
        expectThrows(IllegalArgumentException.class, () -> cluster.applySettings(bad));
        assertEquals(200, settings.lanes().searchQueue());
        assertEquals("auto", settings.models().device());
    }

    private static ClipSettings settings(Settings ofNode) {
        return new ClipSettings(ofNode, cluster(ofNode));
    }

    private static ClusterSettings cluster(Settings ofNode) {
        Set<Setting<?>> all = new HashSet<>(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        ClipSettings.all().stream().filter(Setting::hasNodeScope).forEach(all::add);
        return new ClusterSettings(ofNode, all);
    }

    public void testTokenIsReadFromTheKeystoreAloneAndShownNowhere() {
        assertNull(settings(Settings.EMPTY).downloads().ofHub().token());

        var keystore = new MockSecureSettings();
        keystore.setString("plugins.clip.hub.token", "hf_secret");
        ClipSettings settings =
                settings(Settings.builder().setSecureSettings(keystore).build());
        assertEquals("hf_secret", settings.downloads().ofHub().token());
        assertNull(settings.downloads().ofOthers().token());
        assertFalse(settings.downloads().toString().contains("hf_secret"));

        Settings plain =
                Settings.builder().put("plugins.clip.hub.token", "hf_secret").build();
        var e = expectThrows(IllegalArgumentException.class, () -> DownloadSettings.HUB_TOKEN.get(plain));
        assertTrue(e.getMessage(), e.getMessage().contains("is a secure setting"));
    }
}
