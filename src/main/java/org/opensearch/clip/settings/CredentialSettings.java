// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import static org.opensearch.common.settings.Setting.Property.NodeScope;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.clip.core.net.Credentials.Credential;
import org.opensearch.common.settings.SecureSetting;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Setting.AffixSetting;
import org.opensearch.common.settings.Settings;
import org.opensearch.core.common.settings.SecureString;

/**
 * Credentials for fetching pictures: {@code plugins.clip.image.credentials.<name>.hosts}, {@code .header} and, in the keystore,
 * {@code .value}. What is not in the keystore is static: who may change cluster settings could send a secret to a host of his own.
 */
public final class CredentialSettings {

    private static final String PREFIX = "plugins.clip.image.credentials.";

    /** Hosts that get it, and nobody else. */
    public static final AffixSetting<List<String>> HOSTS = Setting.affixKeySetting(
            PREFIX,
            "hosts",
            key -> Setting.listSetting(
                    key, List.of(), host -> checked(key, host, Credentials::hostPattern), NodeScope));

    public static final AffixSetting<String> HEADER = Setting.affixKeySetting(
            PREFIX,
            "header",
            key -> Setting.simpleString(
                    key, "Authorization", name -> checked(key, name, Credentials::headerName), NodeScope));

    /** In the keystore: the whole value of the header, such as {@code Bearer abc}. */
    public static final AffixSetting<SecureString> VALUE =
            Setting.affixKeySetting(PREFIX, "value", key -> SecureSetting.secureString(key, null));

    private CredentialSettings() {}

    static List<Setting<?>> all() {
        return List.of(HOSTS, HEADER, VALUE);
    }

    /**
     * Only while the keystore is open.
     *
     * @throws IllegalArgumentException names the setting that is missing, or the two that exclude each other
     */
    static Credentials read(Settings s) {
        Set<String> names = new TreeSet<>(VALUE.getNamespaces(s));
        names.addAll(HOSTS.getNamespaces(s));
        names.addAll(HEADER.getNamespaces(s));
        return Credentials.of(names.stream().map(name -> read(name, s)).toList());
    }

    private static Credential read(String name, Settings s) {
        Setting<SecureString> value = VALUE.getConcreteSettingForNamespace(name);
        Setting<List<String>> hosts = HOSTS.getConcreteSettingForNamespace(name);
        String secret = DownloadSettings.secret(value, s);
        if (secret == null) {
            throw new IllegalArgumentException("[" + value.getKey() + "] is not in the keystore of this node");
        }
        if (hosts.get(s).isEmpty()) {
            throw new IllegalArgumentException(
                    "[" + hosts.getKey() + "] is not set: it names the hosts that [" + value.getKey() + "] is for");
        }
        return new Credential(
                name,
                hosts.get(s),
                HEADER.getConcreteSettingForNamespace(name).get(s),
                checked(value.getKey(), secret, Credentials::headerValue));
    }

    private static String checked(String key, String value, UnaryOperator<String> check) {
        try {
            return check.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + key + "]: " + e.getMessage(), e);
        }
    }
}
