// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.PropertyNames;
import java.util.List;

/**
 * A composite, as {@code record_out} writes it: {@code (1,"a b",)}, where nothing at all is NULL and {@code ""} the empty
 * string. A value that does not have the fields that the type is known to have is from before or after the type was altered,
 * and is given as PostgreSQL's own text.
 */
final class CompositeCodec implements TypeCodec {
    private final String typeName;
    private final Runnable onOutdated;
    /** One thread describes the type, any may read values. */
    private volatile Fields described = new Fields(PropertyNames.of(List.of()), List.of());

    private record Fields(PropertyNames names, List<TypeCodec> codecs) {}

    /** @param onOutdated is run when a value has other fields */
    CompositeCodec(String typeName, Runnable onOutdated) {
        this.typeName = typeName;
        this.onOutdated = onOutdated;
    }

    void describe(List<String> fieldNames, List<TypeCodec> fieldCodecs) {
        described = new Fields(PropertyNames.of(fieldNames), List.copyOf(fieldCodecs));
    }

    @Override
    public ElementValue decodeText(byte[] array, int offset, int length) {
        Fields fields = described;
        Reader reader = new Reader(fields.codecs(), array, offset, length);
        if (reader.countFields() != fields.codecs().size()) {
            return outdated(array, offset, length);
        }
        try {
            return new ObjectValue(ElementProperties.owning(fields.names(), reader.fields()));
        } catch (NotUnicodeException e) {
            throw e;
        } catch (ValueFormatException e) {
            return outdated(array, offset, length); // a field was replaced by one of another type
        }
    }

    private ElementValue outdated(byte[] array, int offset, int length) {
        onOutdated.run();
        return TextCodec.INSTANCE.decodeText(array, offset, length);
    }

    private final class Reader {
        private final List<TypeCodec> codecs;
        private final byte[] array;
        private final int offset;
        private final int length;
        private TextCursor text;

        Reader(List<TypeCodec> codecs, byte[] array, int offset, int length) {
            this.codecs = codecs;
            this.array = array;
            this.offset = offset;
            this.length = length;
            this.text = new TextCursor(typeName, array, offset, length);
        }

        /** A type without fields is written as {@code ()}, as is one whose only field is NULL. */
        int countFields() {
            int fields = 0;
            text.expect('(');
            do {
                skipField();
                fields++;
            } while (text.skipIf(','));
            text.expect(')');
            text.expectEnd();
            return fields == 1 && length == 2 && codecs.isEmpty() ? 0 : fields;
        }

        ElementValue[] fields() {
            ElementValue[] values = new ElementValue[codecs.size()];
            text = new TextCursor(typeName, array, offset, length);
            text.expect('(');
            for (int i = 0; i < values.length; i++) {
                if (i > 0) {
                    text.expect(',');
                }
                int start = text.position();
                int escapes = skipField();
                values[i] = value(codecs.get(i), start, text.position() - start, escapes);
            }
            return values;
        }

        /** Steps over a field, and tells how many of its bytes say only how to read it. */
        private int skipField() {
            if (!text.skipIf('"')) {
                while (isPlain(text.peek())) {
                    text.skip();
                }
                return 0;
            }
            int escapes = 2;
            while (true) {
                if (text.skipIf('"')) {
                    if (!text.skipIf('"')) {
                        return escapes;
                    }
                    escapes++;
                } else if (text.skipIf('\\')) {
                    text.skip();
                    escapes++;
                } else {
                    text.skip();
                }
            }
        }

        private ElementValue value(TypeCodec codec, int start, int size, int escapes) {
            if (size == 0) {
                return ElementValue.NULL;
            }
            if (escapes == 0) {
                return codec.decodeText(array, start, size);
            }
            if (escapes == 2) {
                return codec.decodeText(array, start + 1, size - 2);
            }
            byte[] plain = new byte[size - escapes];
            int from = start + 1;
            for (int to = 0; to < plain.length; to++) {
                if (array[from] == '"' || array[from] == '\\') {
                    from++; // doubled
                }
                plain[to] = array[from++];
            }
            return codec.decodeText(plain, 0, plain.length);
        }

        private boolean isPlain(int character) {
            return character != ','
                    && character != ')'
                    && character != '('
                    && character != '"'
                    && character != '\\'
                    && character != TextCursor.END;
        }
    }
}
