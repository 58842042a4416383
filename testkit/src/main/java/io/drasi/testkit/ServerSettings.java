// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The configuration files of one data directory. */
final class ServerSettings {
    /** Included at the end of postgresql.conf, so its lines win. */
    static final String FILE = "testkit.conf";

    private final Path data;
    private final Map<String, String> values = new LinkedHashMap<>();

    ServerSettings(Path data, Map<String, String> values) {
        this.data = data;
        this.values.putAll(values);
    }

    static Map<String, String> defaults() {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("listen_addresses", PostgresServer.HOST);
        defaults.put("wal_level", "logical");
        defaults.put("max_wal_senders", "10");
        defaults.put("max_replication_slots", "10");
        defaults.put("fsync", "off");
        defaults.put("log_line_prefix", "%m [%p] %q%u@%d ");
        defaults.put("log_timezone", "UTC");
        defaults.put("timezone", "UTC");
        // In the data directory and not in /dev/shm, where a killed server would leave it behind.
        defaults.put("dynamic_shared_memory_type", "mmap");
        return defaults;
    }

    /** Has an effect at the next {@link #write}. */
    void put(String name, String value) {
        values.put(name, value);
    }

    void putIfAbsent(String name, String value) {
        values.putIfAbsent(name, value);
    }

    void write() {
        List<String> lines = new ArrayList<>();
        values.forEach((name, value) -> lines.add(name + " = " + quote(value)));
        write(FILE, lines);
    }

    /** Writes pg_hba.conf, with a line in front that lets the testkit's own role in. */
    void writeHostBasedAuthentication(List<String> lines) {
        List<String> all = new ArrayList<>();
        all.add("host all " + DataTemplate.ADMINISTRATOR + " " + PostgresServer.HOST + "/32 trust");
        all.addAll(lines);
        write("pg_hba.conf", all);
    }

    private void write(String file, List<String> lines) {
        try {
            Files.write(data.resolve(file), lines);
            ServerAccount.current().own(data.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String quote(String value) {
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
