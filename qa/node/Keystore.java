// SPDX-License-Identifier: Apache-2.0
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.opensearch.common.settings.KeyStoreWrapper;

/**
 * What {@code bin/opensearch-keystore add --stdin} and {@code remove} do, which is not among the artifacts of Maven Central:
 * {@code java -cp '<home>/lib/*' qa/node/Keystore.java <config> add|remove <setting>}.
 */
class Keystore {

    public static void main(String[] args) throws Exception {
        Path config = Path.of(args[0]);
        KeyStoreWrapper keystore = KeyStoreWrapper.load(config);
        if (keystore == null) {
            keystore = KeyStoreWrapper.create();
        } else {
            keystore.decrypt(new char[0]);
        }
        if (args[1].equals("add")) {
            String value = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
            keystore.setString(args[2], value.toCharArray());
        } else {
            keystore.remove(args[2]);
        }
        keystore.save(config, new char[0]);
    }
}
