// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.assertRefused;
import static io.drasi.source.postgres.types.Decoding.decode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.Property;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TextCodecsTest {
    private static final long UNKNOWN_EXTENSION_TYPE = 4_000_000_000L;

    @Test
    void keepsTextAsItIs() {
        for (String text : new String[] {"", " a\tb\n", "größer ≥ 𝄞", "\uFFFD", "NULL", "\\N"}) {
            assertDecoded(TypeOid.TEXT, text).isEqualTo(new StringValue(text));
        }
        assertDecoded(TypeOid.BPCHAR, "ab   ").isEqualTo(new StringValue("ab   "));
        assertDecoded(TypeOid.JSON, "{ \"a\":1 ,\"a\":2}").isEqualTo(new StringValue("{ \"a\":1 ,\"a\":2}"));
        assertDecoded(TypeOid.UUID, "550e8400-e29b-41d4-a716-446655440000")
                .isEqualTo(new StringValue("550e8400-e29b-41d4-a716-446655440000"));
    }

    @Test
    void deliversUnknownTypesAsText() {
        assertDecoded(UNKNOWN_EXTENSION_TYPE, "(1,2)").isEqualTo(new StringValue("(1,2)"));
        assertDecoded(-1, "x").isEqualTo(new StringValue("x"));
        assertDecoded(9_999, "x").isEqualTo(new StringValue("x"));
        assertDecoded(0, "x").isEqualTo(new StringValue("x"));
        assertDecoded(10_000, "x").isEqualTo(new StringValue("x"));
    }

    @Test
    void refusesBytesThatAreNoUtf8InsteadOfReplacingThem() {
        byte[] latin1 = {'g', 'r', (byte) 0xFC, 'n'};
        assertThatThrownBy(() -> TypeCodecs.forType(TypeOid.TEXT).decodeText(latin1, 0, latin1.length))
                .isInstanceOf(ValueFormatException.class)
                .hasMessage("not a value of type text: 'gr\\xfcn', in hexadecimal 6772fc6e");
        byte[] first = {(byte) 0xFC, 'b'};
        assertThatThrownBy(() -> TypeCodecs.forType(TypeOid.TEXT).decodeText(first, 0, first.length))
                .isInstanceOf(NotUnicodeException.class);
    }

    @Test
    void givesTheSameCharOnAllVersions() {
        byte[] upTo15 = {(byte) 0xE9};
        assertThat(TypeCodecs.forType(TypeOid.QCHAR).decodeText(upTo15, 0, 1)).isEqualTo(new StringValue("\\351"));
        assertDecoded(TypeOid.QCHAR, "\\351").isEqualTo(new StringValue("\\351"));
        assertDecoded(TypeOid.QCHAR, "r").isEqualTo(new StringValue("r"));
        assertDecoded(TypeOid.QCHAR, "").isEqualTo(new StringValue(""));
    }

    @Test
    void readsBytes() {
        assertDecoded(TypeOid.BYTEA, "\\x").isEqualTo(BytesValue.copyOf(new byte[0]));
        assertDecoded(TypeOid.BYTEA, "\\x00ff7f80").isEqualTo(BytesValue.copyOf(new byte[] {0, -1, 127, -128}));
        Property.forAll(1_000, random -> {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            assertDecoded(TypeOid.BYTEA, "\\x" + HexFormat.of().formatHex(bytes))
                    .isEqualTo(BytesValue.copyOf(bytes));
        });
    }

    @Test
    void refusesBytesInAnotherFormat() {
        assertRefused(TypeOid.BYTEA, "", "\\", "x00", "\\x0", "\\x0g", "\\xg0", "\\xAB", "\\000", "abc\\001");
    }

    @Test
    void namesTypeAndBeginningOfAValueThatItCannotRead() {
        assertThatThrownBy(() -> decode(TypeOid.INT4, "12x\n"))
                .isInstanceOfSatisfying(
                        ValueFormatException.class,
                        e -> assertThat(e.typeName()).isEqualTo("int4"))
                .hasMessage("not a value of type int4: '12x\\x0a', in hexadecimal 3132780a");
        assertThatThrownBy(() -> decode(TypeOid.INT4, " ~\u007F"))
                .hasMessage("not a value of type int4: ' ~\\x7f', in hexadecimal 207e7f");
        assertThatThrownBy(() -> decode(TypeOid.BOOL, "x".repeat(1000)))
                .hasMessage("not a value of type boolean: '" + "x".repeat(64) + "', in hexadecimal " + "78".repeat(64)
                        + "… (1000 bytes)");
    }
}
