// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What libpq takes in place of a database name: a URI or a list of {@code keyword = value} (PostgreSQL documentation,
 * section "Connection Strings"). The result maps libpq's keywords to values; whether a keyword has a meaning here is
 * not decided here. Messages never repeat the string: it may hold a password.
 */
public final class ConnectionString {
    private ConnectionString() {}

    /** Whether {@code dbname} is more than the name of a database: libpq's own rule. */
    public static boolean recognises(String dbname) {
        return isUri(dbname) || dbname.indexOf('=') >= 0;
    }

    /**
     * Reads either form.
     *
     * @return keywords in the order in which they stand; never an empty value
     * @throws IllegalArgumentException if {@code text} is not well-formed
     */
    public static Map<String, String> parse(String text) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (isUri(text)) {
            new UriParser(text, parameters).parse();
        } else {
            new KeywordParser(text, parameters).parse();
        }
        parameters.values().removeIf(String::isEmpty);
        return parameters;
    }

    private static boolean isUri(String text) {
        return text.startsWith("postgresql://") || text.startsWith("postgres://");
    }
}
