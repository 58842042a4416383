// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import java.util.HexFormat;

/** Addresses of networks and of their cards. */
final class NetworkBinaryCodecs {
    private static final int IPV4 = 2;
    private static final int IPV6 = 3;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final int IPV6_WORDS = 8;

    private NetworkBinaryCodecs() {}

    /** Without the length of the network if it is a single host. */
    static AsText inet() {
        return (array, offset, length, text) -> appendAddress("inet", 0, array, offset, length, text);
    }

    static AsText cidr() {
        return (array, offset, length, text) -> appendAddress("cidr", 1, array, offset, length, text);
    }

    /** {@code macaddr} and {@code macaddr8}. */
    static AsText macaddr(String typeName, int bytes) {
        return (array, offset, length, text) -> {
            BinaryCursor.requireLength(bytes, typeName, array, offset, length);
            text.append(HexFormat.ofDelimiter(":").formatHex(array, offset, offset + length));
        };
    }

    private static void appendAddress(
            String typeName, int isCidr, byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
        int family = value.readByte();
        int bits = value.readByte();
        value.expectByte(isCidr);
        int size = value.readByte();
        if (!(family == IPV4 && size == IPV4_BYTES) && !(family == IPV6 && size == IPV6_BYTES)) {
            throw value.malformed();
        }
        int start = value.skip(size);
        value.expectEnd();
        if (bits > size * Byte.SIZE) {
            throw value.malformed();
        }
        if (family == IPV4) {
            appendIpv4(array, start, text);
        } else {
            appendIpv6(array, start, text);
        }
        if (isCidr == 1 || bits < size * Byte.SIZE) {
            text.append('/').append(bits);
        }
    }

    private static void appendIpv4(byte[] array, int start, StringBuilder text) {
        for (int i = 0; i < IPV4_BYTES; i++) {
            text.append(i == 0 ? "" : ".").append(array[start + i] & 0xFF);
        }
    }

    /** The first of the longest runs of two or more zeros is left out; an IPv4 address at the end is written as one. */
    private static void appendIpv6(byte[] array, int start, StringBuilder text) {
        int run = 0;
        int runLength = 0;
        for (int i = 0; i < IPV6_WORDS; i++) {
            int zeros = 0;
            while (i + zeros < IPV6_WORDS && word(array, start, i + zeros) == 0) {
                zeros++;
            }
            if (zeros > runLength) {
                run = i;
                runLength = zeros;
            }
        }
        int runEnd = runLength < 2 ? 0 : run + runLength;
        boolean endsAsIpv4 =
                runEnd > 0 && run == 0 && (runLength == 6 || (runLength == 5 && word(array, start, 5) == 0xFFFF));
        for (int i = 0; i < IPV6_WORDS; i++) {
            if (i >= run && i < runEnd) {
                text.append(i == run ? ":" : "");
                continue;
            }
            text.append(i == 0 ? "" : ":");
            if (endsAsIpv4 && i == IPV6_WORDS - 2) {
                appendIpv4(array, start + 2 * i, text);
                return;
            }
            text.append(Integer.toHexString(word(array, start, i)));
        }
        text.append(runEnd == IPV6_WORDS ? ":" : "");
    }

    private static int word(byte[] array, int start, int index) {
        return BinaryCursor.int16(array, start + index * Short.BYTES) & 0xFFFF;
    }
}
