// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import org.junit.jupiter.api.Test;

class NetworkBinaryCodecsTest {
    private final BinaryReading reading = new BinaryReading();

    @Test
    void writesTheLengthOfANetworkThatIsNoSingleHost() {
        reading.assertReadWhole(TypeOid.INET, Bytes.hex("02 20 00 04 c0a80001"), "192.168.0.1");
        reading.assertReadWhole(TypeOid.INET, Bytes.hex("02 18 00 04 c0a800ff"), "192.168.0.255/24");
        reading.assertReadWhole(TypeOid.INET, Bytes.hex("02 00 00 04 00000000"), "0.0.0.0/0");
        reading.assertReadWhole(TypeOid.INET, ipv6(0, 128, "20010db8000000000000000000000001"), "2001:db8::1");
        reading.assertReadWhole(TypeOid.INET, ipv6(0, 64, "20010db8000000000000000000000001"), "2001:db8::1/64");
    }

    @Test
    void writesTheLengthOfEveryCidr() {
        reading.assertReadWhole(TypeOid.CIDR, Bytes.hex("02 20 01 04 c0a80001"), "192.168.0.1/32");
        reading.assertReadWhole(TypeOid.CIDR, Bytes.hex("02 08 01 04 0a000000"), "10.0.0.0/8");
        reading.assertReadWhole(TypeOid.CIDR, ipv6(1, 128, "20010db8000000000000000000000001"), "2001:db8::1/128");
    }

    @Test
    void leavesOutTheFirstOfTheLongestRunsOfZeros() {
        assertIpv6("0000 0000 0000 0000 0000 0000 0000 0000", "::");
        assertIpv6("0000 0000 0000 0000 0000 0000 0000 0001", "::1");
        assertIpv6("0001 0000 0000 0000 0000 0000 0000 0000", "1::");
        assertIpv6("0001 0000 0000 0002 0000 0000 0000 0003", "1:0:0:2::3");
        assertIpv6("0001 0000 0000 0002 0003 0000 0000 0004", "1::2:3:0:0:4");
        assertIpv6("0000 0000 0001 0002 0003 0004 0000 0000", "::1:2:3:4:0:0");
        assertIpv6("0001 0002 0003 0004 0005 0006 0000 0000", "1:2:3:4:5:6::");
        assertIpv6("0000 0000 0003 0004 0005 0006 0007 0008", "::3:4:5:6:7:8");
    }

    @Test
    void leavesASingleZeroWhereItIs() {
        assertIpv6("0001 0000 0003 0004 0005 0006 0007 0008", "1:0:3:4:5:6:7:8");
        assertIpv6("0000 0002 0003 0004 0005 0006 0007 0008", "0:2:3:4:5:6:7:8");
        assertIpv6("0001 0002 0003 0004 0005 0006 0007 0000", "1:2:3:4:5:6:7:0");
        assertIpv6("ffff 0abc 00de 000f fedc 8000 1000 0100", "ffff:abc:de:f:fedc:8000:1000:100");
    }

    @Test
    void writesAnIpv4AddressWithinAnIpv6OneAsSuch() {
        assertIpv6("0000 0000 0000 0000 0000 0000 0102 0304", "::1.2.3.4");
        assertIpv6("0000 0000 0000 0000 0000 0000 0001 0000", "::0.1.0.0");
        assertIpv6("0000 0000 0000 0000 0000 ffff 0102 0304", "::ffff:1.2.3.4");
        assertIpv6("0000 0000 0000 0000 0000 ffff 0000 0000", "::ffff:0.0.0.0");
        assertIpv6("0000 0000 0000 0000 0000 fffe 0102 0304", "::fffe:102:304");
        assertIpv6("0000 0000 0000 0000 0000 0000 0000 0304", "::304");
        assertIpv6("0001 0000 0000 0000 0000 0000 0000 0304", "1::304");
        assertIpv6("0000 0000 0000 0000 0001 ffff 0102 0304", "::1:ffff:102:304");
        assertIpv6("0064 0000 0000 0000 0000 0000 0000 0000", "64::");
        assertIpv6("0064 ff9b 0000 0000 0000 0000 0102 0304", "64:ff9b::102:304");
    }

    @Test
    void refusesWhatIsNoAddress() {
        String[] refused = {
            "01 20 00 04 c0a80001", // an unknown family
            "00 20 00 04 c0a80001",
            "04 20 00 04 c0a80001",
            "02 21 00 04 c0a80001", // more bits than there are
            "02 ff 00 04 c0a80001",
            "02 20 01 04 c0a80001", // says that it is a cidr
            "02 20 02 04 c0a80001",
            "02 20 00 05 c0a8000101", // a size that is not the family's
            "02 20 00 03 c0a800",
            "03 20 00 04 c0a80001",
            "02 20 00 10 20010db8000000000000000000000001",
            "03 81 00 10 20010db8000000000000000000000001",
        };
        for (String bytes : refused) {
            reading.assertRefused(TypeOid.INET, Bytes.hex(bytes));
        }
        reading.assertRefused(TypeOid.CIDR, Bytes.hex("02 20 00 04 c0a80001"));
    }

    @Test
    void writesTheAddressesOfCards() {
        reading.assertReadWhole(TypeOid.MACADDR, Bytes.hex("08002b010203"), "08:00:2b:01:02:03");
        reading.assertReadWhole(TypeOid.MACADDR8, Bytes.hex("08002bfffe010203"), "08:00:2b:ff:fe:01:02:03");
    }

    private void assertIpv6(String words, String text) {
        reading.assertReadWhole(TypeOid.INET, ipv6(0, 128, words), text);
    }

    private static byte[] ipv6(int isCidr, int bits, String address) {
        return Bytes.concat(Bytes.of(3, bits, isCidr, 16), Bytes.hex(address));
    }
}
