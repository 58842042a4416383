// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.TypeChangedException;
import io.drasi.source.postgres.types.TypeCodec;
import io.drasi.source.postgres.types.ValueFormatException;
import io.drasi.testkit.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;

/** Bytes in, a value and a text out; and the same value from the text. */
final class BinaryReading {
    private final DatabaseTypes types = new DatabaseTypes(false);
    private final BinaryTypes binaryTypes = new BinaryTypes(types);

    BinaryReading() {}

    /** @param found types that are not built in */
    BinaryReading(Map<Long, PgType> found) {
        types.learn(found);
    }

    BinaryCodec codec(long oid) {
        return Objects.requireNonNull(binaryTypes.codec(oid), () -> "no codec for type " + oid);
    }

    /** Decodes {@code bytes} from the middle of a larger array, so that a codec that ignores the range is found out. */
    ElementValue decode(long oid, byte[] bytes) {
        ElementValue value = codec(oid).decode(amidst(0, bytes), 3, bytes.length);
        assertThat(codec(oid).decode(amidst(1, bytes), 3, bytes.length))
                .as("with other bytes around")
                .isEqualTo(value);
        return value;
    }

    /** The text behind another one, as it stands in an element id. */
    String text(long oid, byte[] bytes) {
        StringBuilder text = new StringBuilder("x");
        codec(oid).appendText(amidst(0, bytes), 3, bytes.length, text);
        assertThat(text).as("what was there before").startsWith("x");
        StringBuilder again = new StringBuilder();
        codec(oid).appendText(amidst(1, bytes), 3, bytes.length, again);
        assertThat(text.substring(1)).as("with other bytes around").isEqualTo(again.toString());
        return again.toString();
    }

    /** The bytes give this text, and the value that the text codec makes of it. */
    void assertRead(long oid, byte[] bytes, String text) {
        assertThat(text(oid, bytes)).as("text of type %s", oid).isEqualTo(text);
        TypeCodec textCodec = types.codec(oid);
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        assertThat(decode(oid, bytes))
                .as("%s as type %s", text, oid)
                .isEqualTo(textCodec.decodeText(utf8, 0, utf8.length));
    }

    /** {@link #assertRead(long, byte[], String)}, and nothing else if a byte is missing or too many. */
    void assertReadWhole(long oid, byte[] bytes, String text) {
        assertRead(oid, bytes, text);
        for (byte[] truncation : Bytes.truncations(bytes)) {
            assertRefused(oid, truncation);
        }
        assertRefused(oid, Arrays.copyOf(bytes, bytes.length + 1));
    }

    void assertRefused(long oid, byte[] bytes) {
        assertRefused(oid, bytes, ValueFormatException.class);
    }

    void assertChanged(long oid, byte[] bytes) {
        assertRefused(oid, bytes, TypeChangedException.class);
    }

    private void assertRefused(long oid, byte[] bytes, Class<? extends ValueFormatException> expected) {
        String shown = HexFormat.of().formatHex(bytes);
        assertThatThrownBy(() -> decode(oid, bytes))
                .as("value of %s as type %s", shown, oid)
                .isInstanceOf(expected);
        assertThatThrownBy(() -> text(oid, bytes))
                .as("text of %s as type %s", shown, oid)
                .isInstanceOf(expected);
    }

    private static byte[] amidst(int around, byte[] bytes) {
        byte[] array = new byte[bytes.length + 7];
        Arrays.fill(array, (byte) around);
        System.arraycopy(bytes, 0, array, 3, bytes.length);
        return array;
    }
}
