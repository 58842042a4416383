// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.ObjectAssert;

/** Text in, value out. */
final class Decoding {
    private Decoding() {}

    /** Decodes {@code text} from the middle of a larger array, so that a codec that ignores the range is found out. */
    static ElementValue decode(long oid, String text) {
        return decode(TypeCodecs.forType(oid), text);
    }

    static ElementValue decode(TypeCodec codec, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        byte[] array = new byte[utf8.length + 7];
        java.util.Arrays.fill(array, (byte) '5');
        System.arraycopy(utf8, 0, array, 3, utf8.length);
        return codec.decodeText(array, 3, utf8.length);
    }

    static ObjectAssert<ElementValue> assertDecoded(long oid, String text) {
        return assertThat(decode(oid, text)).as("'%s' as type %s", text, oid);
    }

    static void assertRefused(long oid, String... texts) {
        for (String text : texts) {
            assertThatThrownBy(() -> decode(oid, text))
                    .as("'%s' as type %s", text, oid)
                    .isInstanceOf(ValueFormatException.class);
        }
    }
}
