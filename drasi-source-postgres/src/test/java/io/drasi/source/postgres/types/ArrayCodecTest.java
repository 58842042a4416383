// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.assertRefused;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.Property;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArrayCodecTest {
    @Test
    void readsElementsInOrder() {
        assertDecoded(TypeOid.INT4_ARRAY, "{}").isEqualTo(list());
        assertDecoded(TypeOid.INT4_ARRAY, "{1}").isEqualTo(list(number(1)));
        assertDecoded(TypeOid.INT4_ARRAY, "{1,-2,3}").isEqualTo(list(number(1), number(-2), number(3)));
    }

    @Test
    void keepsNullElements() {
        assertDecoded(TypeOid.INT4_ARRAY, "{NULL,1,NULL}")
                .isEqualTo(list(ElementValue.NULL, number(1), ElementValue.NULL));
        assertDecoded(TypeOid.TEXT_ARRAY, "{NULL,\"NULL\",\"null\",NULLS}")
                .isEqualTo(list(ElementValue.NULL, text("NULL"), text("null"), text("NULLS")));
    }

    @Test
    void nestsDimensions() {
        assertDecoded(TypeOid.INT8_ARRAY, "{{1,2},{3,NULL}}")
                .isEqualTo(list(list(number(1), number(2)), list(number(3), ElementValue.NULL)));
        assertDecoded(TypeOid.INT2_ARRAY, "{{{{{{7}}}}}}").isEqualTo(list(list(list(list(list(list(number(7))))))));
        assertRefused(TypeOid.INT2_ARRAY, "{{{{{{{7}}}}}}}");
    }

    @Test
    void dropsBounds() {
        assertDecoded(TypeOid.INT4_ARRAY, "[2:4]={1,2,3}").isEqualTo(list(number(1), number(2), number(3)));
        assertDecoded(TypeOid.INT4_ARRAY, "[-1:0][10:10]={{1},{2}}").isEqualTo(list(list(number(1)), list(number(2))));
    }

    @Test
    void undoesQuotesAndEscapes() {
        assertDecoded(TypeOid.TEXT_ARRAY, "{\"\",\"a b\",\"a,b\",\"{x}\",\"say \\\"hi\\\"\",\"back\\\\slash\",größer}")
                .isEqualTo(list(
                        text(""),
                        text("a b"),
                        text("a,b"),
                        text("{x}"),
                        text("say \"hi\""),
                        text("back\\slash"),
                        text("größer")));
        assertDecoded(TypeOid.BYTEA_ARRAY, "{\"\\\\x00ff\"}").isEqualTo(list(BytesValue.copyOf(new byte[] {0, -1})));
        assertDecoded(TypeOid.TIMESTAMP_ARRAY, "{\"2024-01-02 03:04:05\",infinity}")
                .isEqualTo(list(new LocalDateTimeValue(LocalDateTime.of(2024, 1, 2, 3, 4, 5)), text("infinity")));
        assertDecoded(TypeOid.FLOAT4_ARRAY, "{0.100000001,NaN}")
                .isEqualTo(list(new FloatValue(0.1), new FloatValue(Double.NaN)));
    }

    @Test
    void separatesBoxesBySemicolons() {
        assertDecoded(TypeOid.BOX_ARRAY, "{(1,1),(0,0);(2,2),(0.10000000000000001,0)}")
                .isEqualTo(list(text("(1,1),(0,0)"), text("(2,2),(0.1,0)")));
    }

    @Test
    void leavesVectorsAndNamesAsText() {
        assertDecoded(22, "1 2 3").isEqualTo(text("1 2 3"));
        assertDecoded(TypeOid.NAME, "{a}").isEqualTo(text("{a}"));
        assertDecoded(TypeOid.INT2VECTOR_ARRAY, "{\"1 2\",3}").isEqualTo(list(text("1 2"), text("3")));
    }

    @Test
    void refusesWhatPostgresDoesNotPrint() {
        assertRefused(
                TypeOid.INT4_ARRAY, "", "{", "}", "1", "{1", "{1,}", "{,1}", "{1}}", "{1}x", "{{1}", "{1;2}", "{x}");
        assertRefused(TypeOid.INT4_ARRAY, "[1:2]{1,2}", "[1]={1}", "[1:2", "[:]={1}", "{{}}", "{\"1\"2}", "{1\"2\"}");
        assertRefused(TypeOid.TEXT_ARRAY, "{\"a}", "{\"a\\\"}", "{a\\b}", "{\"", "{\"\\");
    }

    @Test
    void readsWhatArrayOutWrites() {
        Property.forAll(5_000, random -> {
            List<ElementValue> values = new ArrayList<>();
            StringBuilder written = new StringBuilder("{");
            for (int count = random.nextInt(5); count > 0; count--) {
                StringBuilder element = new StringBuilder();
                for (int length = random.nextInt(6); length > 0; length--) {
                    element.append("ab \\\"{},;NUL\né".charAt(random.nextInt(13)));
                }
                values.add(text(element.toString()));
                written.append(written.length() > 1 ? "," : "").append('"');
                written.append(element.toString().replace("\\", "\\\\").replace("\"", "\\\""))
                        .append('"');
            }
            assertDecoded(TypeOid.TEXT_ARRAY, written.append('}').toString()).isEqualTo(new ListValue(values));
        });
    }

    private static ListValue list(ElementValue... values) {
        return new ListValue(List.of(values));
    }

    private static IntegerValue number(long value) {
        return new IntegerValue(value);
    }

    private static StringValue text(String value) {
        return new StringValue(value);
    }
}
