// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.net.InetAddress;
import java.util.List;

/**
 * Which addresses may be dialled: global unicast ones, and those in networks that were opened by name.
 *
 * <p>Decided on the bytes of an address. The predicates of {@link InetAddress} know neither unique local, carrier-grade NAT,
 * NAT64 and 6to4 addresses nor most of the special blocks of the IANA registries (RFC 6890). An IPv6 address that carries an
 * IPv4 one is as reachable as the one that it carries: opening {@code 64:ff9b::/96} does not open {@code 64:ff9b::10.0.0.1}.
 * Immutable.
 */
public final class AddressPolicy {

    /** Global unicast addresses only. */
    public static final AddressPolicy PUBLIC_ONLY = new AddressPolicy(List.of());

    private static final List<Network> SPECIAL_IPV4 = networks(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4");

    private static final Network GLOBAL_IPV6 = Network.parse("2000::/3");

    /** Inside {@link #GLOBAL_IPV6}: protocol assignments with Teredo, documentation twice, 6to4. */
    private static final List<Network> SPECIAL_IPV6 = networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /** An IPv4 address in the last four bytes: compatible (RFC 4291), NAT64 (RFC 6052), translated (RFC 2765). */
    private static final List<Network> IPV4_AT_THE_END = networks("::/96", "64:ff9b::/96", "::ffff:0:0:0/96");

    private static final Network IPV4_MAPPED = new Network(mappedPrefix(), 96);
    private static final Network SIX_TO_FOUR = Network.parse("2002::/16");

    /** {@code ::} and {@code ::1} have the form of compatible addresses but carry none. */
    private static final Network CARRIES_NONE = Network.parse("::/127");

    private final List<Network> opened;

    private AddressPolicy(List<Network> opened) {
        this.opened = opened;
    }

    /**
     * @param cidrs networks to open beside the public ones
     * @throws IllegalArgumentException when one is no CIDR
     */
    public static AddressPolicy opening(List<String> cidrs) {
        return new AddressPolicy(cidrs.stream().map(Network::parse).toList());
    }

    /**
     * @return {@code cidr}
     * @throws IllegalArgumentException when it is no CIDR
     */
    public static String requireCidr(String cidr) {
        Network.parse(cidr);
        return cidr;
    }

    public boolean allows(InetAddress address) {
        return allows(address.getAddress());
    }

    /** Whether it is not public, and allowed because its network was opened by name. */
    boolean opens(InetAddress address) {
        return opens(address.getAddress());
    }

    private boolean opens(byte[] address) {
        if (IPV4_MAPPED.contains(address)) {
            return opens(bytes(address, 12));
        }
        return allows(address) && !isPublic(address) && (!carries(address) || opens(carried(address)));
    }

    private boolean allows(byte[] address) {
        if (IPV4_MAPPED.contains(address)) {
            return allows(bytes(address, 12));
        }
        return (isPublic(address) || in(opened, address)) && (!carries(address) || allows(carried(address)));
    }

    private static boolean isPublic(byte[] address) {
        return address.length == 4
                ? !in(SPECIAL_IPV4, address)
                : GLOBAL_IPV6.contains(address) && !in(SPECIAL_IPV6, address);
    }

    private static boolean carries(byte[] address) {
        return SIX_TO_FOUR.contains(address) || in(IPV4_AT_THE_END, address) && !CARRIES_NONE.contains(address);
    }

    private static byte[] carried(byte[] address) {
        return bytes(address, SIX_TO_FOUR.contains(address) ? 2 : 12);
    }

    private static boolean in(List<Network> networks, byte[] address) {
        return networks.stream().anyMatch(n -> n.contains(address));
    }

    private static byte[] bytes(byte[] address, int from) {
        return new byte[] {address[from], address[from + 1], address[from + 2], address[from + 3]};
    }

    private static byte[] mappedPrefix() {
        byte[] prefix = new byte[16];
        prefix[10] = prefix[11] = (byte) 0xff;
        return prefix;
    }

    private static List<Network> networks(String... cidrs) {
        return List.of(cidrs).stream().map(Network::parse).toList();
    }
}
