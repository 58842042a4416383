// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.PostgresServer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Settings that would change what values look like, or keep a source from reading, if it let them. */
final class HostileSettings {
    private static final String LOCALE = "de_DE.UTF-8";

    private static final Map<String, String> FOR_TEXT = Map.of(
            "DateStyle", "SQL, DMY",
            "IntervalStyle", "sql_standard",
            "TimeZone", "Australia/Lord_Howe",
            "bytea_output", "escape",
            "extra_float_digits", "-15",
            "xmlbinary", "hex",
            "quote_all_identifiers", "on");

    /** Only for the role: they would keep the test from its work too. */
    private static final Map<String, String> FOR_THE_ROLE = Map.of(
            "row_security", "on",
            "search_path", "nowhere",
            "client_encoding", "LATIN1",
            "client_min_messages", "error",
            "standard_conforming_strings", "off",
            "array_nulls", "off",
            "statement_timeout", "1ms");

    private HostileSettings() {}

    /** A server that has them in its postgresql.conf. */
    static PostgresServer server(int version) {
        PostgresServer.Builder builder = PostgresServer.builder(version);
        FOR_TEXT.forEach(builder::setting);
        PostgresServer server = builder.start();
        System.out.println(server + (hasLocale(server) ? " has" : " does not have") + " the locale " + LOCALE);
        if (hasLocale(server)) {
            server.setConfig("lc_monetary", LOCALE);
            server.setConfig("lc_numeric", LOCALE);
            server.reload();
        }
        return server;
    }

    /** Sets them for the database, for the role of the source, and for the role in the database. */
    static void setForDatabaseAndRole(SourceFixture fixture) {
        Map<String, String> settings = new TreeMap<>(FOR_TEXT);
        if (hasLocale(fixture.server())) {
            settings.put("lc_monetary", LOCALE);
            settings.put("lc_numeric", LOCALE);
        }
        String database = "DATABASE " + fixture.database().name();
        String role = "ROLE " + fixture.server().superuser();
        for (String owner : List.of(database, role, role + " IN " + database)) {
            settings.forEach((name, value) -> set(fixture, owner, name, value));
        }
        FOR_THE_ROLE.forEach((name, value) -> set(fixture, role + " IN " + database, name, value));
    }

    private static void set(SourceFixture fixture, String owner, String name, String value) {
        fixture.execute("ALTER " + owner + " SET " + name + " = '" + value + "'");
    }

    private static boolean hasLocale(PostgresServer server) {
        try {
            server.execute("SET lc_monetary = '" + LOCALE + "'");
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }
}
