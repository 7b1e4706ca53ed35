// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import java.util.HashSet;
import java.util.Set;
import org.opensearch.clip.core.net.Access;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.MockSecureSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.settings.SettingsException;
import org.opensearch.test.OpenSearchTestCase;

/** What is in the keystore, and what belongs to it in opensearch.yml. */
public class CredentialSettingsTests extends OpenSearchTestCase {

    private static final String CDN = "plugins.clip.image.credentials.cdn.";

    private final Settings.Builder yml = Settings.builder();
    private final MockSecureSettings keystore = new MockSecureSettings();

    private Settings settings() {
        return Settings.builder()
                .put(yml.build())
                .setSecureSettings(keystore.clone())
                .build();
    }

    private static ClusterSettings cluster(Settings ofNode) {
        Set<Setting<?>> all = new HashSet<>(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        ClipSettings.all().stream().filter(Setting::hasNodeScope).forEach(all::add);
        return new ClusterSettings(ofNode, all);
    }

    /** As a node does: core looks at each setting first. */
    private ClipSettings started() {
        ClusterSettings cluster = cluster(settings());
        cluster.validate(settings(), true);
        return new ClipSettings(settings(), cluster);
    }

    private String refused() {
        String message =
                expectThrows(IllegalArgumentException.class, this::started).getMessage();
        assertFalse(message, message.contains("s3cret"));
        return message;
    }

    public void testNoneUnlessConfigured() {
        assertSame(Credentials.NONE, started().image().fetch().credentials());
        assertNull(started().downloads().ofHub().proxy());
    }

    public void testValueAndHostsGoTogether() {
        yml.putList(CDN + "hosts", "img.example.org", "*.Example.com:8443");
        assertEquals("[" + CDN + "value] is not in the keystore of this node", refused());
        keystore.setString(CDN + "value", "Bearer s3cret");
        Credentials first = started().image().fetch().credentials();
        assertNotSame(Credentials.NONE, first);

        yml.remove(CDN + "hosts");
        assertEquals("[" + CDN + "hosts] is not set: it names the hosts that [" + CDN + "value] is for", refused());
        yml.put(CDN + "header", "Cookie");
        assertTrue(refused().startsWith("[" + CDN + "hosts] is not set"));
    }

    public void testSecretIsRefusedOutsideTheKeystore() {
        yml.putList(CDN + "hosts", "img.example.org").put(CDN + "value", "Bearer s3cret");
        assertTrue(
                refused(), refused().contains("is a secure setting and must be stored inside the OpenSearch keystore"));
    }

    public void testInvalidPartsNameTheirSetting() {
        keystore.setString(CDN + "value", "Bearer s3cret");
        for (String pattern : new String[] {"*", "http://a", "a:0", "*a.b"}) {
            yml.putList(CDN + "hosts", pattern);
            assertTrue(refused(), refused().contains("[" + CDN + "hosts]"));
        }
        yml.putList(CDN + "hosts", "img.example.org");
        for (String header : new String[] {"Host", "a b", "Content-Length", "Proxy-Authorization"}) {
            yml.put(CDN + "header", header);
            assertTrue(refused(), refused().contains("[" + CDN + "header]: [" + header + "] is "));
        }
        yml.put(CDN + "header", "X-Api-Key");
        keystore.setString(CDN + "value", "s3cret\r\nHost: evil");
        assertTrue(refused(), refused().startsWith("[" + CDN + "value]: must be "));
        keystore.setString(CDN + "value", "s3cret");
        started();
    }

    public void testTwoForTheSameHostsAreRefusedByName() {
        yml.putList(CDN + "hosts", "img.example.org", "*.example.org");
        yml.putList("plugins.clip.image.credentials.other.hosts", "*.Example.org");
        keystore.setString(CDN + "value", "Bearer s3cret");
        keystore.setString("plugins.clip.image.credentials.other.value", "Bearer s3cret2");
        assertEquals(
                "plugins.clip.image.credentials: [cdn] and [other] are both for [*.example.org] by the header"
                        + " [Authorization]: which one is sent?",
                refused());
    }

    public void testHostsAndHeaderAreStatic() {
        ClusterSettings cluster = cluster(Settings.EMPTY);
        for (String key : new String[] {"hosts", "header", "value"}) {
            Settings update = Settings.builder().put(CDN + key, "evil.example").build();
            var e = expectThrows(
                    SettingsException.class,
                    () -> cluster.updateDynamicSettings(update, Settings.builder(), Settings.builder(), "persistent"));
            assertTrue(e.getMessage(), e.getMessage().contains("not dynamically updateable"));
        }
    }

    public void testProxyHasANameWithItsPassword() {
        yml.put("plugins.clip.hub.proxy", "proxy.example.org:3128");
        assertEquals(
                new Access.Proxy("proxy.example.org", 3128, null, null),
                started().downloads().ofHub().proxy());
        keystore.setString("plugins.clip.hub.proxy.username", "me");
        assertTrue(refused(), refused().contains("[plugins.clip.hub.proxy.password]"));
        keystore.setString("plugins.clip.hub.proxy.password", "s3cret");
        assertEquals(
                new Access.Proxy("proxy.example.org", 3128, "me", "s3cret"),
                started().downloads().ofOthers().proxy());
        assertFalse(started().downloads().toString().contains("s3cret"));
        keystore.setString("plugins.clip.hub.proxy.username", "me:too");
        assertTrue(refused(), refused().contains("[plugins.clip.hub.proxy.username] must not have a colon"));
        keystore.setString("plugins.clip.hub.proxy.username", "me");
        yml.remove("plugins.clip.hub.proxy");
        assertTrue(refused(), refused().contains("go together, with [plugins.clip.hub.proxy]"));
    }

    public void testReloadTakesOverSecretsAndNothingElse() {
        yml.putList(CDN + "hosts", "img.example.org")
                .put("plugins.clip.hub.proxy", "proxy.example.org:3128")
                .put("plugins.clip.text.max_bytes", "1kb");
        keystore.setString(CDN + "value", "Bearer s3cret");
        keystore.setString("plugins.clip.hub.token", "hf_1");
        ClusterSettings cluster = cluster(settings());
        ClipSettings settings = new ClipSettings(settings(), cluster);
        cluster.applySettings(
                Settings.builder().put("plugins.clip.image.max_bytes", "1mb").build());
        Credentials before = settings.image().fetch().credentials();
        assertEquals("hf_1", settings.downloads().ofHub().token());

        keystore.setString("plugins.clip.hub.token", "hf_2");
        keystore.setString("plugins.clip.hub.proxy.username", "me");
        keystore.setString("plugins.clip.hub.proxy.password", "s3cret");
        settings.reload(settings());
        assertEquals("hf_2", settings.downloads().ofHub().token());
        assertEquals("me", settings.downloads().ofHub().proxy().username());
        assertNotSame(before, settings.image().fetch().credentials());
        assertEquals(1L << 20, settings.image().maxBytes());
        assertEquals(1 << 10, settings.text().maxBytes());

        cluster.applySettings(
                Settings.builder().put("plugins.clip.image.max_bytes", "2mb").build());
        assertEquals(2L << 20, settings.image().fetch().maxBytes());
        assertEquals("hf_2", settings.downloads().ofHub().token());
    }

    public void testReloadOfWhatIsInvalidChangesNothing() {
        yml.putList(CDN + "hosts", "img.example.org");
        keystore.setString(CDN + "value", "Bearer s3cret");
        keystore.setString("plugins.clip.hub.token", "hf_1");
        ClipSettings settings = started();
        Credentials before = settings.image().fetch().credentials();

        keystore.setString("plugins.clip.hub.token", "hf_2");
        keystore.setString("plugins.clip.image.credentials.new.value", "Bearer s3cret");
        var e = expectThrows(IllegalArgumentException.class, () -> settings.reload(settings()));
        assertTrue(e.getMessage(), e.getMessage().startsWith("[plugins.clip.image.credentials.new.hosts] is not set"));
        assertEquals("hf_1", settings.downloads().ofHub().token());
        assertSame(before, settings.image().fetch().credentials());
    }
}
