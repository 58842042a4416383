// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A PostgreSQL type of which random values can be made, and whose values can be written for the server to read again. */
sealed interface RandomType {
    /** How SQL writes the type. */
    String sqlName();

    /** A random value, not NULL, as an expression of SQL. */
    String expression(Random random);

    /**
     * What PostgreSQL would have to be given to get {@code value}, which is not NULL.
     *
     * @throws AssertionError if the source should not give such a value for this type
     */
    String literal(ElementValue value);

    /** The type under a domain; any other type itself. */
    default RandomType base() {
        return this;
    }

    /** What stands between the elements of an array of this type. */
    default char delimiter() {
        return ',';
    }

    /** Whether a value is an array, maybe under a domain. */
    default boolean list() {
        return false;
    }

    /**
     * A type without parts.
     *
     * @param delivered what its values are in the model, but for those that don't fit there
     * @param expressions random values
     */
    record Scalar(String sqlName, Class<? extends ElementValue> delivered, Function<Random, String> expressions)
            implements RandomType {
        @Override
        public String expression(Random random) {
            return expressions.apply(random);
        }

        @Override
        public String literal(ElementValue value) {
            String literal = ValueLiteral.of(value);
            assertThat(delivered.isInstance(value) || ValueLiteral.isSpecial(literal))
                    .as("%s for a %s", value, sqlName)
                    .isTrue();
            return literal;
        }

        @Override
        public char delimiter() {
            return sqlName.equals("box") ? ';' : ',';
        }
    }

    /** A domain; what it is made of may be anything. */
    record Domain(String sqlName, RandomType over) implements RandomType {
        @Override
        public String expression(Random random) {
            return "(" + over.expression(random) + ")::" + sqlName;
        }

        @Override
        public String literal(ElementValue value) {
            return over.literal(value);
        }

        @Override
        public RandomType base() {
            return over.base();
        }

        @Override
        public char delimiter() {
            return over.delimiter();
        }

        @Override
        public boolean list() {
            return over.list();
        }
    }

    /** An array of a type that is itself none, but may be a domain over one. */
    record Array(RandomType element) implements RandomType {
        private static final int MOST_ELEMENTS = 4;

        @Override
        public String sqlName() {
            return element.sqlName() + "[]";
        }

        @Override
        public String expression(Random random) {
            int elements = random.nextInt(MOST_ELEMENTS);
            if (elements == 0) {
                return "'{}'::" + sqlName();
            }
            boolean nested = !element.list() && random.nextInt(4) == 0;
            String array = nested
                    ? "ARRAY[" + elements(random, elements) + ", " + elements(random, elements) + "]"
                    : elements(random, elements);
            return array + "::" + sqlName();
        }

        private String elements(Random random, int count) {
            return IntStream.range(0, count)
                    .mapToObj(i -> random.nextInt(6) == 0 ? "NULL" : element.expression(random))
                    .collect(Collectors.joining(", ", "ARRAY[", "]"));
        }

        /** An array that does not begin with 1. */
        String boundExpression(Random random) {
            return "array_fill(" + element.expression(random) + ", ARRAY[" + (1 + random.nextInt(2)) + ", 1], ARRAY["
                    + (random.nextInt(7) - 3) + ", 5])::" + sqlName();
        }

        @Override
        public String literal(ElementValue value) {
            assertThat(value).as("for a %s", sqlName()).isInstanceOf(ListValue.class);
            return ((ListValue) value)
                    .values().stream()
                            .map(this::part)
                            .collect(Collectors.joining(String.valueOf(delimiter()), "{", "}"));
        }

        private String part(ElementValue part) {
            if (part.equals(ElementValue.NULL)) {
                return "NULL";
            }
            return part instanceof ListValue && !element.list() ? literal(part) : quoted(element.literal(part));
        }

        @Override
        public char delimiter() {
            return element.delimiter();
        }

        @Override
        public boolean list() {
            return true;
        }
    }

    /** A composite type. */
    record Composite(String sqlName, Map<String, RandomType> fields) implements RandomType {
        @Override
        public String expression(Random random) {
            return fields.values().stream()
                    .map(type -> random.nextInt(5) == 0 ? "NULL" : type.expression(random))
                    .collect(Collectors.joining(", ", "ROW(", ")::" + sqlName));
        }

        @Override
        public String literal(ElementValue value) {
            assertThat(value).as("for a %s", sqlName).isInstanceOf(ObjectValue.class);
            Map<String, ElementValue> values =
                    ((ObjectValue) value).properties().toMap();
            assertThat(values.keySet()).containsExactlyElementsOf(fields.keySet());
            StringJoiner literal = new StringJoiner(",", "(", ")");
            values.forEach((name, field) -> literal.add(
                    field.equals(ElementValue.NULL)
                            ? ""
                            : quoted(fields.getOrDefault(name, this).literal(field))));
            return literal.toString();
        }
    }

    /** The type of the extension hstore. */
    record Hstore() implements RandomType {
        @Override
        public String sqlName() {
            return "hstore";
        }

        @Override
        public String expression(Random random) {
            List<String> pairs = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                pairs.add(OddText.quoted(i + OddText.of(random)));
                pairs.add(random.nextInt(4) == 0 ? "NULL" : OddText.quoted(OddText.of(random)));
            }
            return "hstore(ARRAY[" + String.join(", ", pairs) + "]::text[])";
        }

        @Override
        public String literal(ElementValue value) {
            assertThat(value).isInstanceOf(ObjectValue.class);
            Stream<String> pairs = ((ObjectValue) value)
                    .properties().toMap().entrySet().stream()
                            .map(pair -> quoted(pair.getKey()) + "=>"
                                    + (pair.getValue() instanceof StringValue text ? quoted(text.value()) : "NULL"));
            return pairs.collect(Collectors.joining(","));
        }
    }

    /** Within an array, a composite or an hstore. */
    private static String quoted(String part) {
        return '"' + part.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
