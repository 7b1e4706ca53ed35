// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPolicyTests {

    private static final AddressPolicy PUBLIC = AddressPolicy.PUBLIC_ONLY;

    /** Last column: which neighbours are public. */
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.255.255.255, above",
        "10.0.0.0, 10.255.255.255, both",
        "100.64.0.0, 100.127.255.255, both",
        "127.0.0.0, 127.255.255.255, both",
        "169.254.0.0, 169.254.255.255, both",
        "172.16.0.0, 172.31.255.255, both",
        "192.0.0.0, 192.0.0.255, both",
        "192.0.2.0, 192.0.2.255, both",
        "192.88.99.0, 192.88.99.255, both",
        "192.168.0.0, 192.168.255.255, both",
        "198.18.0.0, 198.19.255.255, both",
        "198.51.100.0, 198.51.100.255, both",
        "203.0.113.0, 203.0.113.255, both",
        "224.0.0.0, 239.255.255.255, below",
        "240.0.0.0, 255.255.255.255, none",
        "::, ::1, none",
        "::2, ::ffff:ffff, none",
        "64:ff9b::, 64:ff9b::ffff:ffff, none",
        "64:ff9b:1::, 64:ff9b:1:ffff:ffff:ffff:ffff:ffff, none",
        "100::, 100::ffff:ffff:ffff:ffff, none",
        "::, 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, above",
        "2001::, 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff, both",
        "2001:db8::, 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff, both",
        "2002::, 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff, both",
        "3fff::, 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff, both",
        "4000::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, below",
        "5f00::, 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff, none",
        "fc00::, fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, none",
        "fe80::, febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff, none",
        "fec0::, feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, none",
        "ff00::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, none"
    })
    void refusesARangeFromItsFirstAddressToItsLast(String first, String last, String publicNeighbours)
            throws Exception {
        InetAddress middle = middle(address(first), address(last));
        assertFalse(PUBLIC.allows(address(first)), first);
        assertFalse(PUBLIC.allows(middle), middle.toString());
        assertFalse(PUBLIC.allows(address(last)), last);
        boolean below = publicNeighbours.equals("both") || publicNeighbours.equals("below");
        boolean above = publicNeighbours.equals("both") || publicNeighbours.equals("above");
        InetAddress before = plus(address(first), -1);
        InetAddress after = plus(address(last), 1);
        assertEquals(below, before != null && PUBLIC.allows(before), "below " + first);
        assertEquals(above, after != null && PUBLIC.allows(after), "above " + last);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "8.8.8.8",
                "93.184.216.34",
                "172.15.255.255",
                "172.32.0.0",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00:1450:4001:81b::200e",
                "2620:4f:8000::1",
                "2003::1"
            })
    void allowsPublicAddresses(String address) throws Exception {
        assertTrue(PUBLIC.allows(address(address)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::127.0.0.1", "::ffff:127.0.0.1",
                        "::ffff:0:127.0.0.1",
                "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:1::1",
                        "fe80::1",
                "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"
            })
    void refusesWellKnownWaysInside(String address) throws Exception {
        assertFalse(PUBLIC.allows(address(address)));
    }

    @Test
    void readsAMappedAddressAsTheOneThatItMaps() throws Exception {
        assertFalse(PUBLIC.allows(mapped(10, 0, 0, 1)));
        assertTrue(PUBLIC.allows(mapped(8, 8, 8, 8)));
        assertTrue(AddressPolicy.opening(List.of("10.0.0.0/8")).allows(mapped(10, 0, 0, 1)));
        assertEquals(Inet6Address.class, mapped(8, 8, 8, 8).getClass());
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.0/8, 127.0.0.1, 126.255.255.255 128.0.0.0 1.1.1.1, 10.0.0.1 ::1 169.254.169.254 ::ffff:10.0.0.1",
        "10.1.2.0/23, 10.1.2.0 10.1.3.255, 1.1.1.1, 10.1.1.255 10.1.4.0",
        "10.1.2.3/32, 10.1.2.3, 1.1.1.1, 10.1.2.2 10.1.2.4",
        "::1/128, ::1, 1.1.1.1, :: ::2 127.0.0.1",
        "fd00:1234:5678::/47, fd00:1234:5678::1 fd00:1234:5679:ffff::1, 2606:4700::1111, fd00:1234:567a:: fd00:1234:5677::",
        "64:ff9b::/96, 64:ff9b::8.8.8.8, 8.8.8.8, 64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 10.0.0.1",
        "2002::/16, 2002:808:808::1, 8.8.8.8, 2002:a00:1::1 2002:7f00:1::",
        "::/0, 64:ff9b::8.8.8.8 fd00::1 ::1, 8.8.8.8, 127.0.0.1 64:ff9b::127.0.0.1 ::127.0.0.1",
        "0.0.0.0/0, 127.0.0.1 169.254.169.254, 8.8.8.8, ::1 fd00::1"
    })
    void opensANetworkAndNothingBeside(String cidr, String opened, String stillPublic, String stillRefused)
            throws Exception {
        AddressPolicy policy = AddressPolicy.opening(List.of(cidr));
        for (String address : (opened + " " + stillPublic).split(" ")) {
            assertTrue(policy.allows(address(address)), address);
        }
        for (String address : stillRefused.split(" ")) {
            assertFalse(policy.allows(address(address)), address);
        }
    }

    @Test
    void opensACarriedAddressOnlyWithBothNetworks() throws Exception {
        AddressPolicy both = AddressPolicy.opening(List.of("64:ff9b::/96", "10.0.0.0/8"));
        assertTrue(both.allows(address("64:ff9b::10.0.0.1")));
        assertFalse(both.allows(address("64:ff9b::127.0.0.1")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "10.0.0.0",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "10.0.0.1/8",
                "10.0/8",
                "010.0.0.0/8",
                "256.0.0.0/8",
                "1.2.3.4.5/8",
                "example.org/8",
                "localhost/32",
                "fd00::/129",
                "fd00::1/64",
                "fe80::1%lo/128",
                ":/0",
                "gggg::/16",
                "1:2:3:4:5:6:7/64",
                "0x7f.0.0.0/8",
                "10.0.0.0/8 ",
                "10.0.0.0/+8",
                "10.0.0.0/\u0668"
            })
    void refusesWhatIsNoCidr(String cidr) {
        var e = assertThrows(IllegalArgumentException.class, () -> AddressPolicy.requireCidr(cidr));
        assertTrue(e.getMessage().contains("[" + cidr + "]"), e.getMessage());
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }

    private static InetAddress mapped(int... ipv4) throws UnknownHostException {
        byte[] bytes = new byte[16];
        bytes[10] = bytes[11] = (byte) 0xff;
        for (int i = 0; i < 4; i++) {
            bytes[12 + i] = (byte) ipv4[i];
        }
        return Inet6Address.getByAddress(null, bytes, 0);
    }

    private static InetAddress middle(InetAddress a, InetAddress b) throws UnknownHostException {
        BigInteger sum = new BigInteger(1, a.getAddress()).add(new BigInteger(1, b.getAddress()));
        return of(sum.shiftRight(1), a.getAddress().length);
    }

    /** {@code null} beyond the ends. */
    private static InetAddress plus(InetAddress a, int n) throws UnknownHostException {
        BigInteger sum = new BigInteger(1, a.getAddress()).add(BigInteger.valueOf(n));
        int length = a.getAddress().length;
        return sum.signum() < 0 || sum.bitLength() > length * 8 ? null : of(sum, length);
    }

    private static InetAddress of(BigInteger value, int length) throws UnknownHostException {
        byte[] bytes = new byte[length];
        byte[] digits = value.toByteArray();
        int n = Math.min(length, digits.length);
        System.arraycopy(digits, digits.length - n, bytes, length - n, n);
        assertEquals(value, new BigInteger(1, Arrays.copyOf(bytes, length)));
        return InetAddress.getByAddress(bytes);
    }
}
