// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import java.util.Locale;

/**
 * A position in the write-ahead log (PostgreSQL's {@code pg_lsn}, {@code XLogRecPtr}).
 *
 * @param value the 64 bits, unsigned: the order is {@link Long#compareUnsigned}
 */
public record Lsn(long value) implements Comparable<Lsn> {
    /** 0/0, which PostgreSQL uses for "no position". */
    public static final Lsn INVALID = new Lsn(0);

    private static final int MAX_DIGITS = 8;

    /**
     * Parses the server's text form: two hexadecimal halves of 1 to 8 digits, e.g. {@code 16/B374D848}.
     *
     * @throws IllegalArgumentException if {@code text} is not such a pair
     */
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw notAnLsn(text);
        }
        long high = parseHalf(text, 0, slash);
        long low = parseHalf(text, slash + 1, text.length());
        return new Lsn(high << Integer.SIZE | low);
    }

    private static long parseHalf(String text, int from, int to) {
        if (from == to || to - from > MAX_DIGITS) {
            throw notAnLsn(text);
        }
        long half = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            // Character.digit also takes the digits of other scripts, which PostgreSQL does not.
            int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw notAnLsn(text);
            }
            half = half << 4 | digit;
        }
        return half;
    }

    private static IllegalArgumentException notAnLsn(String text) {
        return new IllegalArgumentException(
                "an LSN is two hexadecimal numbers of 1 to 8 digits with a slash between them, was '" + text + "'");
    }

    /** False for {@link #INVALID} only. */
    public boolean isValid() {
        return value != 0;
    }

    public boolean isBefore(Lsn other) {
        return compareTo(other) < 0;
    }

    public boolean isAfter(Lsn other) {
        return compareTo(other) > 0;
    }

    public Lsn min(Lsn other) {
        return isAfter(other) ? other : this;
    }

    public Lsn max(Lsn other) {
        return isBefore(other) ? other : this;
    }

    /** Bytes of WAL from {@code other} to this position; negative if {@code other} is the later one. */
    public long minus(Lsn other) {
        return value - other.value;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    /** The server's text form, upper case without leading zeros: {@code 16/B374D848}. */
    @Override
    public String toString() {
        return hex(value >>> Integer.SIZE) + "/" + hex(value & 0xFFFF_FFFFL);
    }

    private static String hex(long half) {
        return Long.toHexString(half).toUpperCase(Locale.ROOT);
    }
}
