// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import static org.opensearch.common.settings.Setting.Property.Dynamic;
import static org.opensearch.common.settings.Setting.Property.NodeScope;

import java.time.Duration;
import java.util.List;
import org.opensearch.clip.core.net.AddressPolicy;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.clip.core.net.FetchPolicy;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;

/** Settings of pictures that are given by URL. */
public final class FetchSettings {

    /** Whether the node fetches pictures at all. */
    public static final Setting<Boolean> IMAGE_URL_ENABLED =
            Setting.boolSetting("plugins.clip.image.url.enabled", true, Dynamic, NodeScope);

    /**
     * Whether URLs in documents are fetched. Writing a document needs no permission of ours, and a pipeline can put other fields of it into a URL, so an
     * operator may want to keep URLs to those who have the permission.
     */
    public static final Setting<Boolean> IMAGE_URL_INGEST =
            Setting.boolSetting("plugins.clip.image.url.ingest", true, Dynamic, NodeScope);

    public static final Setting<List<String>> IMAGE_URL_ALLOWED_HOSTS = ClipSettings.strings(
            "plugins.clip.image.url.allowed_hosts", List.of("*"), FetchPolicy::hostPattern, Dynamic, NodeScope);

    public static final Setting<List<String>> IMAGE_URL_DENIED_HOSTS = ClipSettings.strings(
            "plugins.clip.image.url.denied_hosts", List.of(), FetchPolicy::hostPattern, Dynamic, NodeScope);

    /** Static, so that who may change cluster settings cannot open the inside of the network. */
    public static final Setting<List<String>> IMAGE_URL_ALLOWED_NETWORKS = ClipSettings.strings(
            "plugins.clip.image.url.allowed_networks", List.of(), AddressPolicy::requireCidr, NodeScope);

    /** Absolute: a host that sends a byte now and then does not extend it. */
    public static final Setting<TimeValue> IMAGE_URL_TIMEOUT = ClipSettings.time(
            "plugins.clip.image.url.timeout", TimeValue.timeValueSeconds(5), TimeValue.timeValueMinutes(10));

    public static final Setting<Integer> IMAGE_URL_MAX_REDIRECTS =
            Setting.intSetting("plugins.clip.image.url.max_redirects", 3, 0, 20, Dynamic, NodeScope);

    /** Fetches of this node at a time; each holds a thread that mostly waits. */
    public static final Setting<Integer> IMAGE_URL_MAX_CONCURRENT =
            Setting.intSetting("plugins.clip.image.url.max_concurrent", 16, 1, 1024, NodeScope);

    /** Of these, from one host and for one lane: a host that is slow leaves threads for the others. */
    public static final Setting<Integer> IMAGE_URL_MAX_CONCURRENT_PER_HOST =
            Setting.intSetting("plugins.clip.image.url.max_concurrent_per_host", 4, 1, 1024, Dynamic, NodeScope);

    private FetchSettings() {}

    static List<Setting<?>> all() {
        return List.of(
                IMAGE_URL_ENABLED,
                IMAGE_URL_INGEST,
                IMAGE_URL_ALLOWED_HOSTS,
                IMAGE_URL_DENIED_HOSTS,
                IMAGE_URL_ALLOWED_NETWORKS,
                IMAGE_URL_TIMEOUT,
                IMAGE_URL_MAX_REDIRECTS,
                IMAGE_URL_MAX_CONCURRENT,
                IMAGE_URL_MAX_CONCURRENT_PER_HOST);
    }

    static FetchPolicy policy(Settings s, long maxBytes, Credentials credentials) {
        return new FetchPolicy(
                        IMAGE_URL_ALLOWED_HOSTS.get(s),
                        IMAGE_URL_DENIED_HOSTS.get(s),
                        AddressPolicy.opening(IMAGE_URL_ALLOWED_NETWORKS.get(s)),
                        Duration.ofMillis(IMAGE_URL_TIMEOUT.get(s).millis()),
                        IMAGE_URL_MAX_REDIRECTS.get(s),
                        maxBytes)
                .with(credentials);
    }
}
