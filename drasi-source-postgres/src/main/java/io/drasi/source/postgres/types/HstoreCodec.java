// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ObjectValue;
import java.util.LinkedHashMap;
import java.util.Map;

/** hstore, as its output function writes it: {@code "a"=>"1", "b"=>NULL}, with a backslash before each quote and backslash. */
final class HstoreCodec implements TypeCodec {
    private static final String TYPE = "hstore";

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        TextCursor text = new TextCursor(TYPE, array, offset, length);
        Map<String, ElementValue> pairs = new LinkedHashMap<>();
        while (!text.atEnd()) {
            if (!pairs.isEmpty()) {
                text.expect(',');
                text.expect(' ');
            }
            ElementValue.StringValue key = quoted(text);
            text.expect('=');
            text.expect('>');
            if (pairs.put(key.value(), value(text)) != null) {
                throw text.malformed();
            }
        }
        return new ObjectValue(ElementProperties.of(pairs));
    }

    private static ElementValue value(TextCursor text) {
        if (text.peek() == '"') {
            return quoted(text);
        }
        for (char expected : "NULL".toCharArray()) {
            text.expect(expected);
        }
        return ElementValue.NULL;
    }

    private static ElementValue.StringValue quoted(TextCursor text) {
        text.expect('"');
        return text.quoted(TextCodec.INSTANCE::decodeText);
    }
}
