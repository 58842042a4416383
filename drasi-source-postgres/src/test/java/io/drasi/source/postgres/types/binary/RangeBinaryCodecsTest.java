// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RangeBinaryCodecsTest {
    private static final long TEXT_RANGE = 20_000;
    private static final long TEXT_MULTIRANGE = 20_001;
    private static final long FLOAT_RANGE = 20_002;

    private static final int EMPTY = 0x01;
    private static final int LOWER_INCLUSIVE = 0x02;
    private static final int UPPER_INCLUSIVE = 0x04;
    private static final int LOWER_INFINITE = 0x08;
    private static final int UPPER_INFINITE = 0x10;

    private final BinaryReading reading = new BinaryReading(Map.of(
            TEXT_RANGE, new PgType.Range("textrange", TypeOid.TEXT),
            TEXT_MULTIRANGE, new PgType.Multirange("textmultirange", TEXT_RANGE),
            FLOAT_RANGE, new PgType.Range("floatrange", TypeOid.FLOAT8)));

    @Test
    void writesTheBoundsThatThereAre() {
        reading.assertReadWhole(TypeOid.INT4RANGE, range(EMPTY), "empty");
        reading.assertReadWhole(TypeOid.INT4RANGE, range(LOWER_INCLUSIVE, int4(1), int4(5)), "[1,5)");
        reading.assertReadWhole(TypeOid.INT4RANGE, range(UPPER_INCLUSIVE, int4(-1), int4(5)), "(-1,5]");
        reading.assertReadWhole(TypeOid.INT4RANGE, range(LOWER_INCLUSIVE | UPPER_INFINITE, int4(1)), "[1,)");
        reading.assertReadWhole(TypeOid.INT4RANGE, range(LOWER_INFINITE, int4(5)), "(,5)");
        reading.assertReadWhole(TypeOid.INT4RANGE, range(LOWER_INFINITE | UPPER_INFINITE), "(,)");
    }

    @Test
    void writesBoundsOfEverySubtype() {
        reading.assertReadWhole(
                TypeOid.INT8RANGE,
                range(0, Bytes.hex("8000000000000000"), Bytes.hex("0000000000000001")),
                "(-9223372036854775808,1)");
        reading.assertReadWhole(
                TypeOid.NUMRANGE,
                range(
                        LOWER_INCLUSIVE | UPPER_INCLUSIVE,
                        Bytes.hex("0001 0000 0000 0002 0001"),
                        Bytes.hex("0000 0000 d000 0020")),
                "[1.00,Infinity]");
        reading.assertReadWhole(
                TypeOid.DATERANGE, range(LOWER_INCLUSIVE, int4(0), int4(Integer.MAX_VALUE)), "[2000-01-01,infinity)");
        byte[] second = new Bytes().int64(1_000_000).toByteArray();
        reading.assertReadWhole(TypeOid.TSRANGE, range(UPPER_INFINITE, second), "(\"2000-01-01 00:00:01\",)");
        reading.assertReadWhole(TypeOid.TSTZRANGE, range(LOWER_INFINITE, second), "(,\"2000-01-01 00:00:01+00\")");
        reading.assertReadWhole(
                FLOAT_RANGE,
                range(0, new Bytes().int64(Double.doubleToLongBits(0.1)).toByteArray(), Bytes.hex("7ff0000000000000")),
                "(0.1,Infinity)");
    }

    @Test
    void quotesBoundsThatNeedIt() {
        String[][] quoted = {
            {"", "\"\""},
            {"a b", "\"a b\""},
            {"a\tb", "\"a\tb\""},
            {"a\nb", "\"a\nb\""},
            {"a\rb", "\"a\rb\""},
            {"a\u000Bb", "\"a\u000Bb\""},
            {"a\fb", "\"a\fb\""},
            {"a,b", "\"a,b\""},
            {"(", "\"(\""},
            {")", "\")\""},
            {"[", "\"[\""},
            {"]", "\"]\""},
            {"\"", "\"\"\"\""},
            {"\\", "\"\\\\\""},
            {"NULL", "NULL"},
            {"ä{}<>;", "ä{}<>;"},
        };
        for (String[] bound : quoted) {
            reading.assertRead(TEXT_RANGE, range(UPPER_INFINITE, text(bound[0])), "(" + bound[1] + ",)");
        }
    }

    @Test
    void refusesWhatIsNoRange() {
        reading.assertRefused(TypeOid.INT4RANGE, range(0x20, int4(1), int4(2)));
        reading.assertRefused(TypeOid.INT4RANGE, range(0x80, int4(1), int4(2)));
        reading.assertRefused(TypeOid.INT4RANGE, range(EMPTY, int4(1), int4(2)));
        reading.assertRefused(TypeOid.INT4RANGE, range(LOWER_INFINITE, int4(1), int4(2)));
        reading.assertRefused(TypeOid.INT4RANGE, range(0, Bytes.hex("01"), int4(2)));
        reading.assertRefused(TypeOid.INT4RANGE, Bytes.hex("00 ffffffff 00000004 00000002"));
        reading.assertRefused(TypeOid.INT4RANGE, Bytes.hex("00 00000004 00000002 ffffffff"));
        reading.assertRefused(TypeOid.INT4RANGE, Bytes.hex("00 80000000"));
        reading.assertRefused(TypeOid.INT4RANGE, Bytes.hex("00 7fffffff 00000001"));
    }

    @Test
    void writesTheRangesOfAMultirange() {
        byte[] one = range(LOWER_INCLUSIVE, int4(1), int4(5));
        byte[] other = range(LOWER_INCLUSIVE | UPPER_INFINITE, int4(7));
        reading.assertReadWhole(TypeOid.INT4MULTIRANGE, multirange(0), "{}");
        reading.assertReadWhole(TypeOid.INT4MULTIRANGE, multirange(1, one), "{[1,5)}");
        reading.assertReadWhole(TypeOid.INT4MULTIRANGE, multirange(2, one, other), "{[1,5),[7,)}");
        reading.assertReadWhole(TEXT_MULTIRANGE, multirange(1, range(UPPER_INFINITE, text("a b"))), "{(\"a b\",)}");
    }

    @Test
    void refusesWhatIsNoMultirange() {
        byte[] one = range(LOWER_INCLUSIVE, int4(1), int4(5));
        for (int count : new int[] {-1, 0, 2, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            reading.assertRefused(TypeOid.INT4MULTIRANGE, multirange(count, one));
        }
        reading.assertRefused(TypeOid.INT4MULTIRANGE, Bytes.hex("00000001 ffffffff"));
        reading.assertRefused(TypeOid.INT4MULTIRANGE, Bytes.hex("00000001 fffffffe"));
        reading.assertRefused(TypeOid.INT4MULTIRANGE, Bytes.hex("00000001 00000002 0101"));
    }

    private static byte[] range(int flags, byte[]... bounds) {
        return sized(new Bytes().int8(flags), bounds);
    }

    private static byte[] multirange(int count, byte[]... ranges) {
        return sized(new Bytes().int32(count), ranges);
    }

    private static byte[] sized(Bytes bytes, byte[]... parts) {
        for (byte[] part : parts) {
            bytes.sizedBytes(part);
        }
        return bytes.toByteArray();
    }

    private static byte[] int4(int value) {
        return new Bytes().int32(value).toByteArray();
    }

    private static byte[] text(String value) {
        return new Bytes().text(value).toByteArray();
    }
}
