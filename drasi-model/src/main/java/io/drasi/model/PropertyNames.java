// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The property names of one kind of element, in order. One instance is shared by all rows of a table. */
public final class PropertyNames {
    private final List<String> names;
    private final Map<String, Integer> indexes;

    private PropertyNames(List<String> names) {
        this.names = List.copyOf(names);
        this.indexes = new HashMap<>();
        for (int i = 0; i < this.names.size(); i++) {
            if (indexes.put(this.names.get(i), i) != null) {
                throw new IllegalArgumentException("property name '" + this.names.get(i) + "' is given twice");
            }
        }
    }

    /**
     * @throws IllegalArgumentException if a name is given twice
     */
    public static PropertyNames of(List<String> names) {
        return new PropertyNames(names);
    }

    public int size() {
        return names.size();
    }

    public String get(int index) {
        return names.get(index);
    }

    /** The index of {@code name}, or -1 when there is no such property. */
    public int indexOf(String name) {
        return indexes.getOrDefault(name, -1);
    }

    public List<String> asList() {
        return names;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PropertyNames that && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return names.hashCode();
    }

    @Override
    public String toString() {
        return names.toString();
    }
}
