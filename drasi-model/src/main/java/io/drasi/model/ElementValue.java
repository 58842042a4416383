// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** The value of one property. SQL NULL is {@link NullValue}; Java's {@code null} never stands for a value. */
public sealed interface ElementValue {
    /** SQL NULL, present. */
    NullValue NULL = new NullValue();

    record NullValue() implements ElementValue {}

    record BoolValue(boolean value) implements ElementValue {
        private static final BoolValue TRUE = new BoolValue(true);
        private static final BoolValue FALSE = new BoolValue(false);

        public static BoolValue of(boolean value) {
            return value ? TRUE : FALSE;
        }
    }

    record IntegerValue(long value) implements ElementValue {}

    /** A double; also carries NaN and the infinities. Equality is that of {@link Double#equals}. */
    record FloatValue(double value) implements ElementValue {}

    /** An exact decimal with its scale: 1.10 is not equal to 1.1. */
    record DecimalValue(BigDecimal value) implements ElementValue {
        public DecimalValue {
            Objects.requireNonNull(value, "value");
        }
    }

    record StringValue(String value) implements ElementValue {
        public StringValue {
            Objects.requireNonNull(value, "value");
        }
    }

    /** Immutable bytes: copied on the way in and on the way out. */
    final class BytesValue implements ElementValue {
        private final byte[] bytes;

        private BytesValue(byte[] bytes) {
            this.bytes = bytes;
        }

        public static BytesValue copyOf(byte[] bytes) {
            return new BytesValue(bytes.clone());
        }

        /** Takes over {@code bytes}: the caller must not change the array afterwards. */
        public static BytesValue owning(byte[] bytes) {
            return new BytesValue(bytes);
        }

        public int size() {
            return bytes.length;
        }

        public byte[] toByteArray() {
            return bytes.clone();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof BytesValue that && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "BytesValue[" + HexFormat.of().formatHex(bytes) + "]";
        }
    }

    record LocalDateValue(LocalDate value) implements ElementValue {
        public LocalDateValue {
            Objects.requireNonNull(value, "value");
        }
    }

    record LocalTimeValue(LocalTime value) implements ElementValue {
        public LocalTimeValue {
            Objects.requireNonNull(value, "value");
        }
    }

    record LocalDateTimeValue(LocalDateTime value) implements ElementValue {
        public LocalDateTimeValue {
            Objects.requireNonNull(value, "value");
        }
    }

    /** An instant; a PostgreSQL source gives it in UTC. */
    record ZonedDateTimeValue(ZonedDateTime value) implements ElementValue {
        public ZonedDateTimeValue {
            Objects.requireNonNull(value, "value");
        }
    }

    record ListValue(List<ElementValue> values) implements ElementValue {
        public ListValue {
            values = List.copyOf(values);
        }
    }

    record ObjectValue(ElementProperties properties) implements ElementValue {
        public ObjectValue {
            Objects.requireNonNull(properties, "properties");
        }
    }
}
