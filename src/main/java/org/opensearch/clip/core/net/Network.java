// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.opensearch.clip.core.message.Shown;

/** A CIDR block. Immutable. */
final class Network {

    private static final Pattern IPV4 =
            Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private final byte[] prefix;
    private final int bits;

    Network(byte[] prefix, int bits) {
        this.prefix = prefix;
        this.bits = bits;
    }

    /** Four decimal numbers without leading zeros: the one form of an IPv4 address that everybody reads alike. */
    static boolean isIpv4(String text) {
        return IPV4.matcher(text).matches();
    }

    /**
     * @param cidr such as {@code 10.0.0.0/8} or {@code fd00::/8}
     * @throws IllegalArgumentException when it is not one
     */
    static Network parse(String cidr) {
        int slash = cidr.indexOf('/');
        if (slash < 0 || !cidr.substring(slash + 1).matches("[0-9]{1,3}")) {
            throw invalid(cidr, "it has no prefix length");
        }
        byte[] address = address(cidr, cidr.substring(0, slash));
        int bits = Integer.parseInt(cidr.substring(slash + 1));
        if (bits > address.length * 8) {
            throw invalid(cidr, "its prefix length is above " + address.length * 8);
        }
        Network network = new Network(address, bits);
        if (!Arrays.equals(address, network.first())) {
            throw invalid(cidr, "it has bits set behind its prefix");
        }
        return network;
    }

    private static byte[] address(String cidr, String text) {
        if (!isIpv4(text) && !IPV6.matcher(text).matches()) {
            throw invalid(cidr, "it does not start with an IP address");
        }
        try {
            // never a look-up: both forms are literals
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw invalid(cidr, "it does not start with an IP address");
        }
    }

    private static IllegalArgumentException invalid(String cidr, String why) {
        return new IllegalArgumentException(
                "[" + Shown.of(cidr) + "] is not a CIDR such as 10.0.0.0/8 or fd00::/8: " + why);
    }

    boolean contains(byte[] address) {
        if (address.length != prefix.length) {
            return false;
        }
        int whole = bits / 8;
        if (Arrays.mismatch(address, 0, whole, prefix, 0, whole) >= 0) {
            return false;
        }
        int mask = 0xff00 >> (bits % 8) & 0xff;
        return mask == 0 || (address[whole] & mask) == (prefix[whole] & mask);
    }

    private byte[] first() {
        byte[] first = new byte[prefix.length];
        for (int bit = 0; bit < bits; bit++) {
            first[bit / 8] |= (byte) (prefix[bit / 8] & 0x80 >> bit % 8);
        }
        return first;
    }
}
