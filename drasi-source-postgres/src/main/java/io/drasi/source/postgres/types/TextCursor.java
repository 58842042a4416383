// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

/** Walks along the ASCII text of one value. Every step that finds something else is a {@link ValueFormatException}. */
final class TextCursor {
    /** What {@link #peek} gives at the end of the text: no byte has that value. */
    static final int END = Integer.MIN_VALUE;

    /** What {@link #quoted} reads a text by. */
    interface Decoder<T> {
        T decode(byte[] array, int offset, int length);
    }

    private final String typeName;
    private final byte[] array;
    private final int offset;
    private final int length;
    private int position;
    private int end;

    TextCursor(String typeName, byte[] array, int offset, int length) {
        this.typeName = typeName;
        this.array = array;
        this.offset = offset;
        this.length = length;
        this.position = offset;
        this.end = offset + length;
    }

    boolean atEnd() {
        return position == end;
    }

    /** The byte at the cursor, signed; {@link #END} at the end of the text. */
    int peek() {
        return position < end ? array[position] : END;
    }

    /** Steps over one byte. */
    void skip() {
        if (atEnd()) {
            throw malformed();
        }
        position++;
    }

    /** Whether the text from the cursor on is exactly {@code ascii}. */
    boolean restIs(String ascii) {
        return end - position == ascii.length() && matches(ascii, position);
    }

    /** Takes {@code ascii} off the end of the text if it stands there. */
    boolean dropEnding(String ascii) {
        int start = end - ascii.length();
        if (start < position || !matches(ascii, start)) {
            return false;
        }
        end = start;
        return true;
    }

    /** Steps over {@code expected} if it is the next byte. */
    boolean skipIf(char expected) {
        if (peek() != expected) {
            return false;
        }
        position++;
        return true;
    }

    void expect(char expected) {
        if (!skipIf(expected)) {
            throw malformed();
        }
    }

    void expectEnd() {
        if (!atEnd()) {
            throw malformed();
        }
    }

    boolean atDigit() {
        int next = peek();
        return next >= '0' && next <= '9';
    }

    /** The value of the digit at the cursor, stepping over it. */
    int digit() {
        if (!atDigit()) {
            throw malformed();
        }
        return array[position++] - '0';
    }

    int twoDigits() {
        if (end - position < 2) {
            throw malformed();
        }
        int tens = array[position] - '0';
        int ones = array[position + 1] - '0';
        if (tens < 0 || tens > 9 || ones < 0 || ones > 9) {
            throw malformed();
        }
        position += 2;
        return tens * 10 + ones;
    }

    /** As many digits as stand here, of which there must be {@code min} to {@code max}; at most 9. */
    int digits(int min, int max) {
        int value = 0;
        int count = 0;
        while (count < max && atDigit()) {
            value = value * 10 + digit();
            count++;
        }
        if (count < min) {
            throw malformed();
        }
        return value;
    }

    int position() {
        return position;
    }

    /**
     * Reads a text in double quotes, of which the first has been stepped over, by {@code codec}. A backslash stands before
     * each quote and backslash in it.
     */
    <T> T quoted(Decoder<T> codec) {
        int start = position;
        int escapes = 0;
        while (peek() != '"') {
            if (skipIf('\\')) {
                escapes++;
            }
            skip();
        }
        int size = position - start;
        expect('"');
        if (escapes == 0) {
            return codec.decode(array, start, size);
        }
        byte[] plain = new byte[size - escapes];
        int from = start;
        for (int to = 0; to < plain.length; to++) {
            if (array[from] == '\\') {
                from++;
            }
            plain[to] = array[from++];
        }
        return codec.decode(plain, 0, plain.length);
    }

    ValueFormatException malformed() {
        return new ValueFormatException(typeName, array, offset, length);
    }

    private boolean matches(String ascii, int start) {
        for (int i = 0; i < ascii.length(); i++) {
            if (array[start + i] != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
