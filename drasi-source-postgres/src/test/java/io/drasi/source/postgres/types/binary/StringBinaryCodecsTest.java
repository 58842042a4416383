// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StringBinaryCodecsTest {
    private static final byte[] LATIN_1 = {'g', 'r', (byte) 0xFC, 'n'};

    private final BinaryReading reading = new BinaryReading();

    @Test
    void givesStringsAsTheyAre() {
        for (long oid : new long[] {
            TypeOid.TEXT, TypeOid.VARCHAR, TypeOid.BPCHAR, TypeOid.NAME, TypeOid.JSON, TypeOid.XML, TypeOid.REFCURSOR
        }) {
            reading.assertRead(oid, utf8(""), "");
            reading.assertRead(oid, utf8("größer \uFFFD \"'\\ 😀 "), "größer \uFFFD \"'\\ 😀 ");
        }
    }

    @Test
    void takesTheVersionOffWhatHasOne() {
        for (long oid : new long[] {TypeOid.JSONB, TypeOid.JSONPATH}) {
            reading.assertRead(oid, Bytes.concat(Bytes.of(1), utf8("{\"ä\": 1}")), "{\"ä\": 1}");
            reading.assertRead(oid, Bytes.of(1), "");
            reading.assertRefused(oid, Bytes.of());
            reading.assertRefused(oid, Bytes.of(0));
            reading.assertRefused(oid, Bytes.concat(Bytes.of(2), utf8("{}")));
            reading.assertRefused(oid, utf8("{}"));
        }
    }

    @Test
    void refusesWhatIsNotUnicode() {
        for (long oid : new long[] {TypeOid.TEXT, TypeOid.VARCHAR, TypeOid.XML}) {
            reading.assertRefused(oid, LATIN_1);
        }
        reading.assertRefused(TypeOid.JSONB, Bytes.concat(Bytes.of(1), LATIN_1));
    }

    @Test
    void writesASingleByteAsTheTypeCharDoes() {
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of('a'), "a");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of('\\'), "\\");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of(1), "\u0001");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of(0x7F), "\u007F");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of(0), "");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of(0x80), "\\200");
        reading.assertReadWhole(TypeOid.QCHAR, Bytes.of(0xFF), "\\377");
    }

    @Test
    void givesBytesAsTheyAre() {
        reading.assertRead(TypeOid.BYTEA, Bytes.of(), "\\x");
        reading.assertRead(TypeOid.BYTEA, Bytes.hex("00ff7f80"), "\\x00ff7f80");
        assertThat(reading.decode(TypeOid.BYTEA, Bytes.hex("00ff"))).isEqualTo(BytesValue.copyOf(Bytes.hex("00ff")));
    }

    @Test
    void doesNotReferToTheBytesThatItRead() {
        byte[] bytes = Bytes.hex("0102");
        BytesValue value = (BytesValue) reading.codec(TypeOid.BYTEA).decode(bytes, 0, 2);
        bytes[0] = 9;
        assertThat(value).isEqualTo(BytesValue.copyOf(Bytes.hex("0102")));
    }

    @Test
    void writesUuidsInGroups() {
        reading.assertReadWhole(
                TypeOid.UUID,
                Bytes.hex("550e8400 e29b 41d4 a716 446655440000"),
                "550e8400-e29b-41d4-a716-446655440000");
        reading.assertReadWhole(TypeOid.UUID, Bytes.hex("ff".repeat(16)), "ffffffff-ffff-ffff-ffff-ffffffffffff");
    }

    @Test
    void writesEachBit() {
        for (long oid : new long[] {TypeOid.BIT, TypeOid.VARBIT}) {
            reading.assertReadWhole(oid, Bytes.hex("00000000"), "");
            reading.assertReadWhole(oid, Bytes.hex("00000001 80"), "1");
            reading.assertReadWhole(oid, Bytes.hex("00000003 a0"), "101");
            reading.assertReadWhole(oid, Bytes.hex("00000008 81"), "10000001");
            reading.assertReadWhole(oid, Bytes.hex("00000009 7f80"), "011111111");
        }
    }

    @Test
    void refusesAnotherCountOfBitsThanThereAre() {
        for (String bits : new String[] {
            "00000000 80", "00000001", "00000009 80", "00000008 8000", "ffffffff 80", "80000000", "7fffffff 80"
        }) {
            reading.assertRefused(TypeOid.BIT, Bytes.hex(bits));
            reading.assertRefused(TypeOid.VARBIT, Bytes.hex(bits));
        }
        reading.assertRefused(TypeOid.VARBIT, Bytes.hex("fffffff9"));
    }

    @Test
    void givesTheTextAsAValue() {
        assertThat(reading.decode(TypeOid.VARBIT, Bytes.hex("00000001 80"))).isEqualTo(new StringValue("1"));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
