// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ListValue;
import java.util.ArrayList;
import java.util.List;

/** An array: its dimensions with their bounds, and its elements, the last index running fastest. */
final class ArrayBinaryCodec implements BinaryCodec {
    private static final int MAX_DIMENSIONS = 6;

    private final String typeName;
    private final long elementOid;
    private final BinaryCodec element;
    private final char delimiter;
    private final String special;

    /**
     * @param elementOid that values say of themselves
     * @param delimiter what stands between two elements in the text
     */
    ArrayBinaryCodec(String typeName, long elementOid, BinaryCodec element, char delimiter) {
        this.typeName = typeName;
        this.elementOid = elementOid;
        this.element = element;
        this.delimiter = delimiter;
        this.special = "{}" + delimiter;
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        Reader reader = new Reader(array, offset, length);
        ListValue list = reader.sizes.length == 0 ? new ListValue(List.of()) : reader.list(0);
        reader.value.expectEnd();
        return list;
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        Reader reader = new Reader(array, offset, length);
        if (reader.sizes.length == 0) {
            text.append("{}");
        } else {
            reader.appendBounds(text);
            reader.append(0, text);
        }
        reader.value.expectEnd();
    }

    /** The elements of a one-dimensional array, separated by blanks: {@code int2vector} and {@code oidvector}. */
    static AsText vector(String typeName, long elementOid, BinaryCodec element) {
        ArrayBinaryCodec codec = new ArrayBinaryCodec(typeName, elementOid, element, ' ');
        return (array, offset, length, text) -> {
            Reader reader = codec.new Reader(array, offset, length);
            if (reader.sizes.length > 1) {
                throw reader.value.malformed();
            }
            for (int i = 0; i < reader.elements; i++) {
                int size = reader.value.readPartLength();
                text.append(i == 0 ? "" : " ");
                element.appendText(array, reader.value.skip(size), size, text);
            }
            reader.value.expectEnd();
        };
    }

    private final class Reader {
        final BinaryCursor value;
        /** None if there are no elements, whatever the value says of its dimensions: the output function does so too. */
        final int[] sizes;

        final int elements;
        private final int[] lowerBounds;

        Reader(byte[] array, int offset, int length) {
            this.value = new BinaryCursor(typeName, array, offset, length);
            int dimensions = value.readInt32();
            int hasNulls = value.readInt32();
            if (dimensions < 0 || dimensions > MAX_DIMENSIONS || hasNulls < 0 || hasNulls > 1) {
                throw value.malformed();
            }
            if (value.readUnsignedInt32() != elementOid) {
                throw value.changed();
            }
            int[] told = new int[dimensions];
            this.lowerBounds = new int[dimensions];
            long product = dimensions == 0 ? 0 : 1;
            for (int i = 0; i < dimensions; i++) {
                told[i] = value.readInt32();
                lowerBounds[i] = value.readInt32();
                product *= told[i];
                long upperBound = (long) lowerBounds[i] + told[i] - 1;
                if (told[i] < 0 || product > Integer.MAX_VALUE || upperBound > Integer.MAX_VALUE) {
                    throw value.malformed();
                }
            }
            if (product * Integer.BYTES > value.remaining()) {
                throw value.malformed();
            }
            this.elements = (int) product;
            this.sizes = elements == 0 ? new int[0] : told;
        }

        ListValue list(int dimension) {
            List<ElementValue> values = new ArrayList<>(sizes[dimension]);
            boolean innermost = dimension == sizes.length - 1;
            for (int i = 0; i < sizes[dimension]; i++) {
                values.add(innermost ? element() : list(dimension + 1));
            }
            return new ListValue(values);
        }

        private ElementValue element() {
            int size = value.readPartLength();
            return size == BinaryCursor.NULL
                    ? ElementValue.NULL
                    : element.decode(value.array(), value.skip(size), size);
        }

        void appendBounds(StringBuilder text) {
            boolean needed = false;
            for (int bound : lowerBounds) {
                needed |= bound != 1;
            }
            for (int i = 0; needed && i < sizes.length; i++) {
                text.append('[').append(lowerBounds[i]);
                text.append(':').append(lowerBounds[i] + sizes[i] - 1).append(']');
            }
            text.append(needed ? "=" : "");
        }

        void append(int dimension, StringBuilder text) {
            text.append('{');
            for (int i = 0; i < sizes[dimension]; i++) {
                if (i > 0) {
                    text.append(delimiter);
                }
                if (dimension < sizes.length - 1) {
                    append(dimension + 1, text);
                } else {
                    appendElement(text);
                }
            }
            text.append('}');
        }

        private void appendElement(StringBuilder text) {
            int size = value.readPartLength();
            if (size == BinaryCursor.NULL) {
                text.append("NULL");
                return;
            }
            StringBuilder part = new StringBuilder();
            element.appendText(value.array(), value.skip(size), size, part);
            if (Quoting.needed(part, special) || part.toString().equalsIgnoreCase("NULL")) {
                Quoting.appendEscaping(part, text);
            } else {
                text.append(part);
            }
        }
    }
}
