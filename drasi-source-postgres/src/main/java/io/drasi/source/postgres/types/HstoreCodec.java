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
            ElementValue.StringValue key = quoted(array, text);
            text.expect('=');
            text.expect('>');
            if (pairs.put(key.value(), value(array, text)) != null) {
                throw text.malformed();
            }
        }
        return new ObjectValue(ElementProperties.of(pairs));
    }

    private static ElementValue value(byte[] array, TextCursor text) {
        if (text.peek() == '"') {
            return quoted(array, text);
        }
        for (char expected : "NULL".toCharArray()) {
            text.expect(expected);
        }
        return ElementValue.NULL;
    }

    private static ElementValue.StringValue quoted(byte[] array, TextCursor text) {
        text.expect('"');
        int start = text.position();
        int escapes = 0;
        while (text.peek() != '"') {
            if (text.skipIf('\\')) {
                escapes++;
            }
            text.skip();
        }
        int length = text.position() - start;
        text.expect('"');
        byte[] plain = new byte[length - escapes];
        int from = start;
        for (int to = 0; to < plain.length; to++) {
            if (array[from] == '\\') {
                from++;
            }
            plain[to] = array[from++];
        }
        return TextCodec.INSTANCE.decodeText(plain, 0, plain.length);
    }
}
