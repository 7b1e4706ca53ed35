// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import static org.opensearch.common.settings.Setting.Property.Dynamic;
import static org.opensearch.common.settings.Setting.Property.NodeScope;

import java.time.Duration;
import java.util.List;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.net.Access;
import org.opensearch.clip.core.net.AddressPolicy;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.clip.core.net.FetchPolicy;
import org.opensearch.common.settings.SecureSetting;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.settings.SecureString;
import org.opensearch.core.common.unit.ByteSizeUnit;
import org.opensearch.core.common.unit.ByteSizeValue;

/** Settings of where models come from and where their files lie. */
public final class DownloadSettings {

    /** Static: the node trusts this server whatever its address is, and sends it the token. */
    public static final Setting<String> HUB_URL = Setting.simpleString(
            "plugins.clip.hub.url", "https://huggingface.co", DownloadSettings::requireUrl, NodeScope);

    /** In the keystore; sent to the server of {@link #HUB_URL} and to nobody else. */
    public static final Setting<SecureString> HUB_TOKEN = SecureSetting.secureString("plugins.clip.hub.token", null);

    /** {@code host:port} of an HTTP proxy for downloads; not the proxy of the JVM's properties, which other plugins may set. */
    public static final Setting<String> HUB_PROXY =
            Setting.simpleString("plugins.clip.hub.proxy", DownloadSettings::requireProxy, NodeScope);

    /** In the keystore, both or none: Basic authorisation at {@link #HUB_PROXY}, and nowhere behind it. */
    public static final Setting<SecureString> HUB_PROXY_USERNAME =
            SecureSetting.secureString("plugins.clip.hub.proxy.username", null);

    public static final Setting<SecureString> HUB_PROXY_PASSWORD =
            SecureSetting.secureString("plugins.clip.hub.proxy.password", null);

    /** Static, so that who may change cluster settings cannot open the inside of the network. */
    public static final Setting<List<String>> HUB_ALLOWED_NETWORKS =
            Setting.listSetting("plugins.clip.hub.allowed_networks", List.of(), DownloadSettings::network, NodeScope);

    /** Of one request. What a file lacks then is asked for by the next one. */
    public static final Setting<TimeValue> HUB_TIMEOUT = time("plugins.clip.hub.timeout", TimeValue.timeValueHours(1));

    /** Time in which at least {@link Access#FLOOR} bytes a second must arrive. */
    public static final Setting<TimeValue> HUB_STALL_TIMEOUT =
            time("plugins.clip.hub.stall_timeout", TimeValue.timeValueSeconds(30));

    /** Downloaded and prepared files of this node. */
    public static final Setting<ByteSizeValue> DISK_LIMIT =
            bytes("plugins.clip.disk.limit", new ByteSizeValue(20, ByteSizeUnit.GB));

    /** Left free on the disk by downloads: below its own watermarks OpenSearch moves shards away. */
    public static final Setting<ByteSizeValue> DISK_MIN_FREE =
            bytes("plugins.clip.disk.min_free", new ByteSizeValue(5, ByteSizeUnit.GB));

    private static final int MAX_REDIRECTS = 5;

    private DownloadSettings() {}

    /**
     * @param hub base URL without a slash at the end
     * @param policy for every request
     * @param ofHub how the hub is asked
     * @param ofOthers how any other server is asked
     * @param diskLimitBytes of all files of the cache
     * @param diskMinFreeBytes of the disk
     */
    public record Downloads(
            String hub,
            FetchPolicy policy,
            Access ofHub,
            Access ofOthers,
            long diskLimitBytes,
            long diskMinFreeBytes) {}

    /**
     * What the keystore and static settings say.
     *
     * @param token {@code null} = none
     * @param proxy {@code null} = none
     */
    record OfNode(String token, Access.Proxy proxy) {

        /** Without the token. */
        @Override
        public String toString() {
            return "OfNode[proxy=" + proxy + "]";
        }
    }

    static List<Setting<?>> all() {
        return List.of(
                HUB_URL,
                HUB_TOKEN,
                HUB_PROXY,
                HUB_PROXY_USERNAME,
                HUB_PROXY_PASSWORD,
                HUB_ALLOWED_NETWORKS,
                HUB_TIMEOUT,
                HUB_STALL_TIMEOUT,
                DISK_LIMIT,
                DISK_MIN_FREE);
    }

    static Downloads read(Settings s, OfNode ofNode) {
        String hub = HUB_URL.get(s).replaceAll("/+$", "");
        Duration stall = Duration.ofMillis(HUB_STALL_TIMEOUT.get(s).millis());
        FetchPolicy policy = new FetchPolicy(
                List.of("*"),
                List.of(),
                AddressPolicy.opening(HUB_ALLOWED_NETWORKS.get(s)),
                Duration.ofMillis(HUB_TIMEOUT.get(s).millis()),
                MAX_REDIRECTS,
                1,
                Credentials.NONE,
                "plugins.clip.hub");
        return new Downloads(
                hub,
                policy,
                new Access(hub, ofNode.token(), ofNode.proxy(), stall),
                new Access(null, null, ofNode.proxy(), stall),
                DISK_LIMIT.get(s).getBytes(),
                DISK_MIN_FREE.get(s).getBytes());
    }

    /**
     * Only while the keystore is open.
     *
     * @throws IllegalArgumentException names what does not go together
     */
    static OfNode ofNode(Settings s) {
        return new OfNode(secret(HUB_TOKEN, s), proxy(s));
    }

    private static Access.Proxy proxy(Settings s) {
        String at = HUB_PROXY.get(s);
        String username = secret(HUB_PROXY_USERNAME, s);
        String password = secret(HUB_PROXY_PASSWORD, s);
        if ((username == null) != (password == null) || username != null && at.isEmpty()) {
            throw new IllegalArgumentException(
                    "[plugins.clip.hub.proxy.username] and [plugins.clip.hub.proxy.password] of the keystore go together, with [plugins.clip.hub.proxy]");
        }
        if (username != null && username.indexOf(':') >= 0) {
            throw new IllegalArgumentException("[plugins.clip.hub.proxy.username] must not have a colon");
        }
        if (at.isEmpty()) {
            return null;
        }
        int colon = at.lastIndexOf(':');
        return new Access.Proxy(at.substring(0, colon), Integer.parseInt(at.substring(colon + 1)), username, password);
    }

    /** @return {@code null} when the keystore has none */
    static String secret(Setting<SecureString> setting, Settings s) {
        try (SecureString secret = setting.get(s)) {
            return secret == null || secret.isEmpty() ? null : secret.toString();
        }
    }

    private static Setting<TimeValue> time(String key, TimeValue value) {
        return Setting.timeSetting(
                key, value, TimeValue.timeValueMillis(1), TimeValue.timeValueDays(7), Dynamic, NodeScope);
    }

    private static Setting<ByteSizeValue> bytes(String key, ByteSizeValue value) {
        return Setting.byteSizeSetting(
                key, value, ByteSizeValue.ZERO, new ByteSizeValue(1, ByteSizeUnit.PB), Dynamic, NodeScope);
    }

    private static String network(String cidr) {
        try {
            return AddressPolicy.requireCidr(cidr);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[plugins.clip.hub.allowed_networks]: " + e.getMessage(), e);
        }
    }

    private static void requireUrl(String value) {
        if (!value.matches("https?://[A-Za-z0-9._:\\[\\]-]+(/[^?#@\\s]*)?")) {
            throw new IllegalArgumentException(
                    "[plugins.clip.hub.url] must be an http or https URL such as [https://hub.example.org], got ["
                            + value + "]");
        }
    }

    private static void requireProxy(String value) {
        String port = value.substring(value.lastIndexOf(':') + 1);
        if (!value.matches("|[A-Za-z0-9._-]+:[1-9][0-9]{0,4}") || !port.isEmpty() && Integer.parseInt(port) > 0xffff) {
            throw new IllegalArgumentException(
                    "[plugins.clip.hub.proxy] must be [host:port], got [" + Shown.of(value) + "]");
        }
    }
}
