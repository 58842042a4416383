// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.PgType.Attribute;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CompositeBinaryCodecTest {
    private static final long PAIR = 20_000;
    private static final long OUTER = 20_001;
    private static final long NONE = 20_002;
    private static final long PAIRS = 20_003;
    private static final long HSTORE = 20_004;

    private final BinaryReading reading = new BinaryReading(Map.of(
            PAIR,
            new PgType.Composite("pair", List.of(new Attribute("n", TypeOid.INT4), new Attribute("s", TypeOid.TEXT))),
            OUTER,
            new PgType.Composite("outer", List.of(new Attribute("pair", PAIR))),
            NONE,
            new PgType.Composite("none", List.of()),
            PAIRS,
            new PgType.Array("pair[]", PAIR, ','),
            HSTORE,
            new PgType.Base("hstore", "hstore")));

    @Test
    void readsTheFieldsOfAComposite() {
        reading.assertReadWhole(PAIR, pair(1, "abc"), "(1,abc)");
        assertThat(reading.decode(PAIR, pair(1, "abc")))
                .isEqualTo(new ObjectValue(
                        ElementProperties.of(Map.of("n", new IntegerValue(1), "s", new StringValue("abc")))));
        reading.assertReadWhole(PAIR, Bytes.hex("00000002 00000017 ffffffff 00000019 ffffffff"), "(,)");
        reading.assertReadWhole(PAIR, Bytes.hex("00000002 00000017 ffffffff 00000019 00000000"), "(,\"\")");
        reading.assertReadWhole(NONE, Bytes.hex("00000000"), "()");
    }

    @Test
    void quotesFieldsThatNeedIt() {
        String[][] quoted = {
            {"a b", "\"a b\""},
            {"a,b", "\"a,b\""},
            {"(", "\"(\""},
            {")", "\")\""},
            {"say \"hi\"", "\"say \"\"hi\"\"\""},
            {"back\\slash", "\"back\\\\slash\""},
            {"a\fb", "\"a\fb\""},
            {"[]{};'", "[]{};'"},
            {"NULL", "NULL"},
            {"größer", "größer"},
        };
        for (String[] field : quoted) {
            reading.assertRead(PAIR, pair(1, field[0]), "(1," + field[1] + ")");
        }
    }

    @Test
    void nestsCompositesAndArrays() {
        byte[] pair = pair(1, "a b");
        reading.assertReadWhole(
                OUTER, new Bytes().int32(1).int32(PAIR).sizedBytes(pair).toByteArray(), "(\"(1,\"\"a b\"\")\")");
        reading.assertReadWhole(
                PAIRS,
                new Bytes()
                        .int32(1)
                        .int32(0)
                        .int32(PAIR)
                        .int32(1)
                        .int32(1)
                        .sizedBytes(pair)
                        .toByteArray(),
                "{\"(1,\\\"a b\\\")\"}");
    }

    @Test
    void tellsThatItsFieldsAreOthersThanAreKnown() {
        reading.assertChanged(PAIR, Bytes.hex("00000001 00000017 ffffffff"));
        reading.assertChanged(PAIR, Bytes.hex("00000003 00000017 ffffffff 00000019 ffffffff 00000017 ffffffff"));
        reading.assertChanged(PAIR, Bytes.hex("00000002 00000014 ffffffff 00000019 ffffffff"));
        reading.assertChanged(PAIR, Bytes.hex("00000002 00000017 ffffffff 00000017 ffffffff"));
        reading.assertChanged(PAIR, Bytes.hex("ffffffff"));
        reading.assertChanged(NONE, Bytes.hex("00000001"));
    }

    @Test
    void refusesWhatIsNoComposite() {
        reading.assertRefused(PAIR, Bytes.hex("00000002 00000017 fffffffe 00000019 ffffffff"));
        reading.assertRefused(PAIR, Bytes.hex("00000002 00000017 80000000 00000019 ffffffff"));
        reading.assertRefused(PAIR, Bytes.hex("00000002 00000017 7fffffff 00000019 ffffffff"));
        reading.assertRefused(PAIR, Bytes.hex("00000002 00000017 00000003 000001 00000019 ffffffff"));
    }

    @Test
    void readsHstoreByKey() {
        reading.assertReadWhole(HSTORE, Bytes.hex("00000000"), "");
        reading.assertReadWhole(
                HSTORE,
                new Bytes()
                        .int32(3)
                        .sizedText("a")
                        .sizedText("1")
                        .sizedText("b c")
                        .int32(-1)
                        .sizedText("")
                        .sizedText("")
                        .toByteArray(),
                "\"a\"=>\"1\", \"b c\"=>NULL, \"\"=>\"\"");
        reading.assertReadWhole(
                HSTORE,
                new Bytes().int32(1).sizedText("q\"").sizedText("\\, => größer").toByteArray(),
                "\"q\\\"\"=>\"\\\\, => größer\"");
        reading.assertReadWhole(
                HSTORE, new Bytes().int32(1).sizedText("n").sizedText("NULL").toByteArray(), "\"n\"=>\"NULL\"");
    }

    @Test
    void refusesWhatIsNoHstore() {
        byte[] pair = new Bytes().sizedText("a").sizedText("1").toByteArray();
        for (int count : new int[] {-1, 0, 2, 3, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x2000_0000}) {
            reading.assertRefused(HSTORE, new Bytes().int32(count).bytes(pair).toByteArray());
        }
        reading.assertRefused(
                HSTORE, new Bytes().int32(2).bytes(pair).bytes(pair).toByteArray());
        reading.assertRefused(HSTORE, Bytes.hex("00000001 ffffffff 00000000"));
        reading.assertRefused(HSTORE, Bytes.hex("00000001 fffffffe 00000000"));
        reading.assertRefused(HSTORE, Bytes.hex("00000001 00000000 80000000"));
        reading.assertRefused(HSTORE, Bytes.hex("00000001 00000001 fc 00000000"));
    }

    private static byte[] pair(int n, String s) {
        return new Bytes()
                .int32(2)
                .int32(TypeOid.INT4)
                .int32(4)
                .int32(n)
                .int32(TypeOid.TEXT)
                .sizedText(s)
                .toByteArray();
    }
}
