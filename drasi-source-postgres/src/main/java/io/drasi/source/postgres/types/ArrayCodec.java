// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ListValue;
import java.util.ArrayList;
import java.util.List;

/**
 * An array, as its output function writes it: {@code {1,NULL,"a b"}}, nested for more dimensions. Bounds that do not begin
 * with 1, {@code [2:4]={…}}, are dropped; an empty array has no dimensions and is the empty list.
 */
final class ArrayCodec implements TypeCodec {
    private static final int MAX_DIMENSIONS = 6;

    private final String typeName;
    private final TypeCodec element;
    private final char delimiter;

    /**
     * @param element reads the elements
     * @param delimiter what stands between two elements: a comma for all built-in types but box
     */
    ArrayCodec(String typeName, TypeCodec element, char delimiter) {
        this.typeName = typeName;
        this.element = element;
        this.delimiter = delimiter;
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        Reader reader = new Reader(array, offset, length);
        reader.skipBounds();
        ListValue list = reader.list(1);
        reader.text.expectEnd();
        return list;
    }

    private final class Reader {
        private final byte[] array;
        private final TextCursor text;

        Reader(byte[] array, int offset, int length) {
            this.array = array;
            this.text = new TextCursor(typeName, array, offset, length);
        }

        void skipBounds() {
            if (text.peek() != '[') {
                return;
            }
            while (text.skipIf('[')) {
                bound();
                text.expect(':');
                bound();
                text.expect(']');
            }
            text.expect('=');
        }

        private void bound() {
            text.skipIf('-');
            text.digit();
            while (text.atDigit()) {
                text.digit();
            }
        }

        ListValue list(int depth) {
            if (depth > MAX_DIMENSIONS) {
                throw text.malformed();
            }
            text.expect('{');
            List<ElementValue> values = new ArrayList<>();
            if (depth == 1 && text.skipIf('}')) {
                return new ListValue(values);
            }
            do {
                values.add(text.peek() == '{' ? list(depth + 1) : element());
            } while (text.skipIf(delimiter));
            text.expect('}');
            return new ListValue(values);
        }

        private ElementValue element() {
            if (text.skipIf('"')) {
                return text.quoted(element::decodeText);
            }
            int start = text.position();
            while (isPlain(text.peek())) {
                text.skip();
            }
            int length = text.position() - start;
            if (length == 0) {
                throw text.malformed();
            }
            boolean isNull = length == 4
                    && array[start] == 'N'
                    && array[start + 1] == 'U'
                    && array[start + 2] == 'L'
                    && array[start + 3] == 'L';
            return isNull ? ElementValue.NULL : element.decodeText(array, start, length);
        }

        /** What stands without quotes has none of the characters with a meaning of their own. */
        private boolean isPlain(int character) {
            return character != delimiter
                    && character != TextCursor.END
                    && character != '{'
                    && character != '}'
                    && character != '"'
                    && character != '\\';
        }
    }
}
