// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.Arrays;
import java.util.List;

/** The command line's lists: tables, and the key columns of a table. Names with a comma go into a configuration file. */
public final class TableKeyText {
    private TableKeyText() {}

    /**
     * Reads {@code table=column,column}.
     *
     * @throws OptionException if {@code text} is not of that form
     */
    public static TableKeyConfig parse(String text) {
        int equals = text.indexOf('=');
        List<String> columns = equals < 0 ? List.of() : names(text.substring(equals + 1));
        if (equals < 1 || columns.isEmpty()) {
            throw new OptionException("--table-key must be table=column or table=column,column, was '" + text + "'");
        }
        try {
            return new TableKeyConfig(text.substring(0, equals).strip(), columns);
        } catch (IllegalArgumentException e) {
            throw new OptionException("--table-key: " + e.getMessage(), e);
        }
    }

    /** The names between commas, without blanks around them. */
    public static List<String> names(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
    }
}
