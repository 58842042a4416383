// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Proc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The real program, as a process of its own without the environment variables of libpq. */
final class Program {
    static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final List<String> JVM_OPTIONS = List.of("-XX:TieredStopAtLevel=1", "-Xmx256m");

    private Program() {}

    static Proc.Builder of(String... arguments) {
        return of(JVM_OPTIONS, arguments);
    }

    static Proc.Builder of(List<String> options, String... arguments) {
        return Proc.java(options, "io.drasi.pg.Main", arguments).unsetEnvironment(name -> name.startsWith("PG"));
    }

    /** {@code stream}, as superuser. */
    static Proc.Builder stream(PostgresServer server, String database, String... arguments) {
        List<String> all = new ArrayList<>(List.of(
                "stream",
                "--host=" + server.host(),
                "--port=" + server.port(),
                "--username=" + server.superuser(),
                "--dbname=" + database));
        all.addAll(List.of(arguments));
        return of(all.toArray(new String[0]));
    }
}
