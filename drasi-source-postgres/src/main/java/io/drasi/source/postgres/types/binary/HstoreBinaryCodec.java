// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import java.util.LinkedHashMap;
import java.util.Map;

/** hstore: how many pairs, and of each its key and its value. */
final class HstoreBinaryCodec implements BinaryCodec {
    private static final String TYPE = "hstore";
    private static final BinaryCodec STRING = StringBinaryCodec.plain(TYPE);

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        Map<String, ElementValue> pairs = new LinkedHashMap<>();
        BinaryCursor value = new BinaryCursor(TYPE, array, offset, length);
        int count = value.readCount(2 * Integer.BYTES);
        for (int i = 0; i < count; i++) {
            ElementValue key = string(value);
            if (!(key instanceof StringValue name) || pairs.put(name.value(), string(value)) != null) {
                throw value.malformed();
            }
        }
        value.expectEnd();
        return new ObjectValue(ElementProperties.of(pairs));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        int start = text.length();
        ((ObjectValue) decode(array, offset, length)).properties().forEach((key, value) -> {
            text.append(text.length() == start ? "" : ", ");
            Quoting.appendEscaping(key, text);
            text.append("=>");
            if (value instanceof StringValue string) {
                Quoting.appendEscaping(string.value(), text);
            } else {
                text.append("NULL");
            }
        });
    }

    private static ElementValue string(BinaryCursor value) {
        int size = value.readPartLength();
        return size == BinaryCursor.NULL ? ElementValue.NULL : STRING.decode(value.array(), value.skip(size), size);
    }
}
