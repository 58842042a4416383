// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** {@code tsvector} and {@code tsquery}. */
final class TextSearchBinaryCodecs {
    private static final BinaryCodec LEXEME = StringBinaryCodec.plain("tsvector");
    private static final int POSITION_BITS = 14;
    private static final int POSITION_MASK = (1 << POSITION_BITS) - 1;
    /** By weight, the smallest, which is not written, first. */
    private static final String WEIGHTS = "DCBA";

    private TextSearchBinaryCodecs() {}

    static AsText tsvector() {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor("tsvector", array, offset, length);
            int count = value.readCount(1 + Short.BYTES);
            for (int i = 0; i < count; i++) {
                text.append(i == 0 ? "" : " ");
                appendLexeme(value, text);
                int positions = value.readUnsignedInt16();
                for (int j = 0; j < positions; j++) {
                    int position = value.readUnsignedInt16();
                    int weight = position >> POSITION_BITS;
                    text.append(j == 0 ? ':' : ',').append(position & POSITION_MASK);
                    text.append(weight == 0 ? "" : WEIGHTS.charAt(weight));
                }
            }
            value.expectEnd();
        };
    }

    static AsText tsquery() {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor("tsquery", array, offset, length);
            int count = value.readCount(2);
            if (count > 0) {
                Query query = new Query(value, count);
                text.append(query.read(Query.LEAST_PRIORITY, false));
                query.expectEnd();
            }
            value.expectEnd();
        };
    }

    private static void appendLexeme(BinaryCursor value, StringBuilder text) {
        int start = value.position();
        int size = value.skipTerminated();
        StringBuilder lexeme = new StringBuilder();
        LEXEME.appendText(value.array(), start, size, lexeme);
        text.append('\'');
        for (int i = 0; i < lexeme.length(); i++) {
            char c = lexeme.charAt(i);
            if (c == '\'' || c == '\\') {
                text.append(c);
            }
            text.append(c);
        }
        text.append('\'');
    }

    /** The items of a query in prefix order: an operator, its right operand, its left operand. */
    private static final class Query {
        static final int LEAST_PRIORITY = -1;
        private static final int VALUE = 1;
        private static final int OPERATOR = 2;
        private static final int NOT = 1;
        private static final int AND = 2;
        private static final int OR = 3;
        private static final int PHRASE = 4;
        /** By operator, the loosest with the least. */
        private static final int[] PRIORITIES = {0, 4, 2, 1, 3};

        private final BinaryCursor value;
        private int left;

        Query(BinaryCursor value, int count) {
            this.value = value;
            this.left = count;
        }

        void expectEnd() {
            if (left != 0) {
                throw value.malformed();
            }
        }

        /**
         * @param parent the priority of the operator around it
         * @param rightOfPhrase whether it is the right operand of a phrase, where a phrase has to stand in parentheses
         */
        StringBuilder read(int parent, boolean rightOfPhrase) {
            if (left-- == 0) {
                throw value.malformed();
            }
            StringBuilder text = new StringBuilder();
            int kind = value.readByte();
            if (kind == VALUE) {
                appendValue(text);
                return text;
            }
            int operator = value.readByte();
            if (kind != OPERATOR || operator < NOT || operator > PHRASE) {
                throw value.malformed();
            }
            int distance = operator == PHRASE ? value.readUnsignedInt16() : 1;
            int priority = PRIORITIES[operator];
            boolean parentheses = priority < parent || (operator == PHRASE && rightOfPhrase);
            text.append(parentheses ? "( " : "");
            if (operator == NOT) {
                text.append('!').append(read(priority, false));
            } else {
                StringBuilder right = read(priority, operator == PHRASE);
                text.append(read(priority, false));
                text.append(
                        switch (operator) {
                            case AND -> " & ";
                            case OR -> " | ";
                            default -> distance == 1 ? " <-> " : " <" + distance + "> ";
                        });
                text.append(right);
            }
            return text.append(parentheses ? " )" : "");
        }

        private void appendValue(StringBuilder text) {
            int weights = value.readByte();
            int prefix = value.readByte();
            appendLexeme(value, text);
            if (weights != 0 || prefix != 0) {
                text.append(':').append(prefix == 0 ? "" : "*");
                for (int weight = WEIGHTS.length() - 1; weight >= 0; weight--) {
                    text.append((weights & (1 << weight)) == 0 ? "" : WEIGHTS.charAt(weight));
                }
            }
        }
    }
}
