// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Servers that the tests share: one of each version, with TLS, until the JVM ends. */
final class Servers {
    private static final Map<Integer, PostgresServer> SHARED = new ConcurrentHashMap<>();

    private Servers() {}

    /** The versions that each test of a server's behaviour runs with. */
    static List<Integer> majors() {
        return PostgresVersion.available().stream().map(PostgresVersion::major).toList();
    }

    static PostgresServer shared(int major) {
        return SHARED.computeIfAbsent(major, Servers::start);
    }

    // A user's name says how it may log in, and from where.
    private static PostgresServer start(int major) {
        PostgresServer server = PostgresServer.builder(major)
                .tls()
                .setting("password_encryption", "scram-sha-256")
                .hba(
                        "local all all trust",
                        "host all scram all scram-sha-256",
                        "host all cleartext all password",
                        "host all legacy all md5",
                        "hostnossl all plain_only all trust",
                        "hostssl all plain_only all reject",
                        "hostssl all encrypted_only all trust",
                        "hostssl all certified all cert",
                        "host all postgres all trust",
                        "host all replicator all trust")
                .start();
        server.execute(
                "CREATE ROLE scram LOGIN PASSWORD 'scram secret'",
                "CREATE ROLE cleartext LOGIN PASSWORD 'clear secret'",
                "SET password_encryption = 'md5'; CREATE ROLE legacy LOGIN PASSWORD 'old secret'",
                "CREATE ROLE plain_only LOGIN",
                "CREATE ROLE encrypted_only LOGIN",
                "CREATE ROLE certified LOGIN",
                "CREATE ROLE replicator LOGIN REPLICATION");
        return server;
    }

    /** To the shared server over TCP, as superuser; nothing of TLS is set. */
    static ConnectionSettingsBuilder settings(int major) {
        return settings(shared(major));
    }

    static ConnectionSettingsBuilder settings(PostgresServer server) {
        return ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .user(server.superuser());
    }
}
