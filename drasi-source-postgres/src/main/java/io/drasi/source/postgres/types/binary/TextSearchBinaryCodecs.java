// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

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
                text.append(Query.read(value, count));
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

    /** A query, or a part of one. */
    private static final class Query {
        private static final int VALUE = 1;
        private static final int OPERATOR = 2;
        private static final int NOT = 1;
        private static final int AND = 2;
        private static final int OR = 3;
        private static final int PHRASE = 4;
        /** By operator, the loosest with the least; what has none is the tightest. */
        private static final int[] PRIORITIES = {5, 4, 2, 1, 3};

        private final int operator;
        private final int distance;
        private final StringBuilder text;

        private Query(int operator, int distance, StringBuilder text) {
            this.operator = operator;
            this.distance = distance;
            this.text = text;
        }

        /**
         * The items stand in prefix order: an operator, its right operand, its left operand. They are put together from the
         * last one on, with no call for each level: a query of ten thousand words is as deep as that.
         */
        static StringBuilder read(BinaryCursor value, int count) {
            List<Query> items = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                items.add(readItem(value));
            }
            Deque<Query> operands = new ArrayDeque<>();
            for (int i = count - 1; i >= 0; i--) {
                Query item = items.get(i);
                int wanted = item.operator == 0 ? 0 : item.operator == NOT ? 1 : 2;
                if (operands.size() < wanted) {
                    throw value.malformed();
                }
                operands.push(
                        switch (wanted) {
                            case 0 -> item;
                            case 1 -> item.not(operands.pop());
                            default -> item.join(operands.pop(), operands.pop());
                        });
            }
            Query whole = operands.pop();
            if (!operands.isEmpty()) {
                throw value.malformed();
            }
            return whole.text;
        }

        private static Query readItem(BinaryCursor value) {
            int kind = value.readByte();
            if (kind == VALUE) {
                StringBuilder text = new StringBuilder();
                appendValue(value, text);
                return new Query(0, 0, text);
            }
            int operator = value.readByte();
            if (kind != OPERATOR || operator < NOT || operator > PHRASE) {
                throw value.malformed();
            }
            return new Query(operator, operator == PHRASE ? value.readUnsignedInt16() : 0, new StringBuilder());
        }

        private static void appendValue(BinaryCursor value, StringBuilder text) {
            int weights = value.readByte();
            int prefix = value.readByte();
            if (weights >= 1 << WEIGHTS.length() || prefix > 1) {
                throw value.malformed();
            }
            appendLexeme(value, text);
            if (weights != 0 || prefix != 0) {
                text.append(':').append(prefix == 0 ? "" : "*");
                for (int weight = WEIGHTS.length() - 1; weight >= 0; weight--) {
                    text.append((weights & (1 << weight)) == 0 ? "" : WEIGHTS.charAt(weight));
                }
            }
        }

        private Query not(Query operand) {
            return new Query(operator, distance, operand.within(this).insert(0, '!'));
        }

        private Query join(Query right, Query left) {
            // A phrase reads from left to right, so one on the right has to stand in parentheses.
            boolean phrases = operator == PHRASE && right.operator == PHRASE;
            StringBuilder rightText = phrases ? right.inParentheses() : right.within(this);
            StringBuilder joined = left.within(this);
            switch (operator) {
                case AND -> joined.append(" & ");
                case OR -> joined.append(" | ");
                default ->
                    joined.append(" <").append(distance == 1 ? "-" : distance).append("> ");
            }
            return new Query(operator, distance, joined.append(rightText));
        }

        private StringBuilder within(Query outer) {
            return PRIORITIES[operator] < PRIORITIES[outer.operator] ? inParentheses() : text;
        }

        private StringBuilder inParentheses() {
            return text.insert(0, "( ").append(" )");
        }
    }
}
