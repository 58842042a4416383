// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The properties of an element: immutable, in the order of the table's columns. A property can be <em>absent</em>, which
 * is not the same as {@link ElementValue.NullValue}: absent in an update means "as before".
 *
 * <p>Two instances are equal when the same names are present with equal values, in whatever order.
 */
public final class ElementProperties {
    private static final ElementProperties EMPTY =
            new ElementProperties(PropertyNames.of(java.util.List.of()), new ElementValue[0]);

    private final PropertyNames names;
    private final @Nullable ElementValue[] values;

    private ElementProperties(PropertyNames names, @Nullable ElementValue[] values) {
        this.names = names;
        this.values = values;
    }

    /**
     * Takes over {@code values}: the caller must not change the array afterwards.
     *
     * @param values one value per name, {@code null} where the property is absent
     * @throws IllegalArgumentException if the two have not the same length
     */
    public static ElementProperties owning(PropertyNames names, @Nullable ElementValue[] values) {
        if (names.size() != values.length) {
            throw new IllegalArgumentException(names.size() + " names but " + values.length + " values");
        }
        return new ElementProperties(names, values);
    }

    /** Copies {@code map}, in its iteration order. */
    public static ElementProperties of(Map<String, ? extends ElementValue> map) {
        return new ElementProperties(
                PropertyNames.of(java.util.List.copyOf(map.keySet())),
                map.values().toArray(new ElementValue[0]));
    }

    public static ElementProperties empty() {
        return EMPTY;
    }

    /** All names of the element's kind, also those that are absent here. */
    public PropertyNames names() {
        return names;
    }

    /** The value of {@code name}; empty when it is absent or there is no such property. */
    public Optional<ElementValue> get(String name) {
        int index = names.indexOf(name);
        return index < 0 ? Optional.empty() : get(index);
    }

    /**
     * The value at {@code index} of {@link #names()}; empty when it is absent.
     *
     * @throws IndexOutOfBoundsException if {@code index} is not one of {@link #names()}
     */
    public Optional<ElementValue> get(int index) {
        return Optional.ofNullable(values[index]);
    }

    public boolean isPresent(int index) {
        return values[index] != null;
    }

    /** Calls {@code action} for each property that is present, in order. */
    public void forEach(BiConsumer<? super String, ? super ElementValue> action) {
        for (int i = 0; i < values.length; i++) {
            ElementValue value = values[i];
            if (value != null) {
                action.accept(names.get(i), value);
            }
        }
    }

    /** The present properties as a new map, in order. */
    public Map<String, ElementValue> toMap() {
        Map<String, ElementValue> map = new LinkedHashMap<>();
        forEach(map::put);
        return map;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || (other instanceof ElementProperties that && toMap().equals(that.toMap()));
    }

    @Override
    public int hashCode() {
        return toMap().hashCode();
    }

    @Override
    public String toString() {
        return toMap().toString();
    }
}
