// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ArrayBinaryCodecTest {
    private static final byte[] NO_ELEMENTS = {};

    private final BinaryReading reading = new BinaryReading();

    @Test
    void readsElementsInOrder() {
        reading.assertReadWhole(TypeOid.INT4_ARRAY, Bytes.hex("00000000 00000000 00000017"), "{}");
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(3, 1), 1, -2, 3), "{1,-2,3}");
        assertThat(reading.decode(TypeOid.INT4_ARRAY, int4s(bounds(2, 1), 7, 8)))
                .isEqualTo(new ListValue(List.of(new IntegerValue(7), new IntegerValue(8))));
    }

    @Test
    void keepsNullElements() {
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(3, 1), null, 1, null), "{NULL,1,NULL}");
        reading.assertReadWhole(
                TypeOid.TEXT_ARRAY,
                texts(bounds(5, 1), null, "NULL", "null", "nUlL", "NULLS"),
                "{NULL,\"NULL\",\"null\",\"nUlL\",NULLS}");
        assertThat(reading.decode(TypeOid.TEXT_ARRAY, texts(bounds(2, 1), null, "NULL")))
                .isEqualTo(new ListValue(List.of(ElementValue.NULL, new StringValue("NULL"))));
    }

    @Test
    void nestsDimensions() {
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(2, 1, 2, 1), 1, 2, 3, null), "{{1,2},{3,NULL}}");
        reading.assertReadWhole(
                TypeOid.INT4_ARRAY, int4s(bounds(2, 1, 1, 1, 3, 1), 1, 2, 3, 4, 5, 6), "{{{1,2,3}},{{4,5,6}}}");
        reading.assertReadWhole(
                TypeOid.INT4_ARRAY, int4s(bounds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 7), "{{{{{{7}}}}}}");
    }

    @Test
    void writesBoundsThatDoNotBeginWithOne() {
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(3, 2), 1, 2, 3), "[2:4]={1,2,3}");
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(2, 1, 1, 10), 1, 2), "[1:2][10:10]={{1},{2}}");
        reading.assertReadWhole(TypeOid.INT4_ARRAY, int4s(bounds(2, -1, 1, 1), 1, 2), "[-1:0][1:1]={{1},{2}}");
        reading.assertReadWhole(
                TypeOid.INT4_ARRAY, int4s(bounds(1, Integer.MIN_VALUE), 1), "[-2147483648:-2147483648]={1}");
        reading.assertReadWhole(
                TypeOid.INT4_ARRAY, int4s(bounds(1, Integer.MAX_VALUE), 1), "[2147483647:2147483647]={1}");
    }

    @Test
    void quotesElementsThatNeedIt() {
        reading.assertRead(
                TypeOid.TEXT_ARRAY,
                texts(
                        bounds(12, 1),
                        "",
                        "a b",
                        "a,b",
                        "{",
                        "}",
                        "say \"hi\"",
                        "back\\slash",
                        "größer",
                        "a\tb",
                        "a;b",
                        "(",
                        "'"),
                "{\"\",\"a b\",\"a,b\",\"{\",\"}\",\"say \\\"hi\\\"\",\"back\\\\slash\",größer,\"a\tb\",a;b,(,'}");
    }

    @Test
    void separatesBoxesBySemicolons() {
        byte[] box = new Bytes().repeat(0, 32).toByteArray();
        byte[] boxes = array(
                TypeOid.BOX,
                0,
                bounds(2, 1),
                new Bytes().sizedBytes(box).sizedBytes(box).toByteArray());
        reading.assertReadWhole(TypeOid.BOX_ARRAY, boxes, "{(0,0),(0,0);(0,0),(0,0)}");
        byte[] points = array(
                TypeOid.POINT,
                0,
                bounds(1, 1),
                new Bytes().int32(16).repeat(0, 16).toByteArray());
        reading.assertReadWhole(TypeOid.POINT_ARRAY, points, "{\"(0,0)\"}");
    }

    @Test
    void takesAnArrayWithADimensionOfZeroForEmptyAsTheServerDoes() {
        for (int[] bounds : new int[][] {
            bounds(0, 1), bounds(0, 5), bounds(Integer.MAX_VALUE, 1, 0, 1), bounds(0, 1, Integer.MAX_VALUE, 1)
        }) {
            reading.assertRead(TypeOid.INT4_ARRAY, array(TypeOid.INT4, 0, bounds, NO_ELEMENTS), "{}");
            reading.assertRefused(TypeOid.INT4_ARRAY, array(TypeOid.INT4, 0, bounds, Bytes.hex("ffffffff")));
        }
    }

    @Test
    void refusesMoreElementsThanThereCanBe() {
        byte[] one = new Bytes().int32(4).int32(1).toByteArray();
        int much = Integer.MAX_VALUE;
        for (int[] bounds : new int[][] {
            bounds(much, 1),
            bounds(much, 1, much, 1),
            bounds(much, 1, much, 1, much, 1, much, 1, much, 1, much, 1),
            bounds(65_536, 1, 65_536, 1),
            bounds(65_536, 1, 65_536, 1, 0, 1),
            bounds(46_341, 1, 46_341, 1),
            bounds(-1, 1),
            bounds(-1, 1, -1, 1),
            bounds(0, 1, -1, 1),
            bounds(Integer.MIN_VALUE, 1),
            bounds(2, 1),
            bounds(3, 1),
            bounds(1, 1, 2, 1)
        }) {
            reading.assertRefused(TypeOid.INT4_ARRAY, array(TypeOid.INT4, 0, bounds, one));
        }
    }

    @Test
    void refusesBoundsThatNoSubscriptReaches() {
        reading.assertRefused(TypeOid.INT4_ARRAY, int4s(bounds(2, Integer.MAX_VALUE), 1, 2));
    }

    @Test
    void refusesWhatIsNoArray() {
        reading.assertRefused(TypeOid.INT4_ARRAY, Bytes.hex("ffffffff 00000000 00000017"));
        reading.assertRefused(TypeOid.INT4_ARRAY, int4s(bounds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 7));
        reading.assertRefused(TypeOid.INT4_ARRAY, Bytes.hex("00000000 00000002 00000017"));
        reading.assertRefused(TypeOid.INT4_ARRAY, Bytes.hex("00000000 ffffffff 00000017"));
        for (String element :
                new String[] {"fffffffe 00000001", "80000000 00000001", "00000005 00000001", "00000003 000001"}) {
            reading.assertRefused(TypeOid.INT4_ARRAY, array(TypeOid.INT4, 0, bounds(1, 1), Bytes.hex(element)));
        }
    }

    @Test
    void tellsThatItsElementsAreOfAnotherTypeThanIsKnown() {
        reading.assertChanged(TypeOid.INT4_ARRAY, array(TypeOid.TEXT, 0, bounds(1, 1), Bytes.hex("00000004 00000001")));
        reading.assertChanged(TypeOid.INT4_ARRAY, Bytes.hex("00000000 00000000 80000017"));
    }

    @Test
    void writesVectorsWithBlanks() {
        reading.assertReadWhole(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(0, 0), NO_ELEMENTS), "");
        reading.assertReadWhole(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(), NO_ELEMENTS), "");
        reading.assertReadWhole(
                TypeOid.INT2VECTOR,
                array(TypeOid.INT2, 0, bounds(3, 0), Bytes.hex("00000002 0001 00000002 fffe 00000002 0003")),
                "1 -2 3");
        reading.assertReadWhole(
                TypeOid.OIDVECTOR,
                array(TypeOid.OID, 0, bounds(2, 0), Bytes.hex("00000004 ffffffff 00000004 00000001")),
                "4294967295 1");
    }

    @Test
    void refusesWhatIsNoVector() {
        byte[] two = Bytes.hex("00000002 0001 00000002 0002");
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(1, 0), two));
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(0, 0), two));
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(), two));
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(3, 0), two));
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 0, bounds(1, 0, 2, 0), two));
        reading.assertRefused(TypeOid.INT2VECTOR, array(TypeOid.INT2, 1, bounds(1, 0), Bytes.hex("ffffffff")));
        reading.assertChanged(TypeOid.INT2VECTOR, array(TypeOid.OID, 0, bounds(2, 0), two));
    }

    @Test
    void quotesVectorsInAnArray() {
        byte[] vector = array(TypeOid.INT2, 0, bounds(2, 0), Bytes.hex("00000002 0001 00000002 0002"));
        reading.assertReadWhole(
                TypeOid.INT2VECTOR_ARRAY,
                array(
                        TypeOid.INT2VECTOR,
                        0,
                        bounds(1, 1),
                        new Bytes().sizedBytes(vector).toByteArray()),
                "{\"1 2\"}");
    }

    /** @param sizesAndLowerBounds of each dimension in turn */
    private static int[] bounds(int... sizesAndLowerBounds) {
        return sizesAndLowerBounds;
    }

    private static byte[] int4s(int[] bounds, @Nullable Integer... values) {
        Bytes elements = new Bytes();
        boolean nulls = false;
        for (Integer value : values) {
            if (value == null) {
                elements.int32(-1);
                nulls = true;
            } else {
                elements.int32(4).int32(value);
            }
        }
        return array(TypeOid.INT4, nulls ? 1 : 0, bounds, elements.toByteArray());
    }

    private static byte[] texts(int[] bounds, @Nullable String... values) {
        Bytes elements = new Bytes();
        boolean nulls = false;
        for (String value : values) {
            if (value == null) {
                elements.int32(-1);
                nulls = true;
            } else {
                elements.sizedText(value);
            }
        }
        return array(TypeOid.TEXT, nulls ? 1 : 0, bounds, elements.toByteArray());
    }

    private static byte[] array(long elementOid, int hasNulls, int[] bounds, byte[] elements) {
        Bytes bytes = new Bytes().int32(bounds.length / 2).int32(hasNulls).int32(elementOid);
        for (int bound : bounds) {
            bytes.int32(bound);
        }
        return bytes.bytes(elements).toByteArray();
    }
}
