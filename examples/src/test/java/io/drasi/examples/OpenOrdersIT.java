// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The complete example, as a process that is killed and started again. */
class OpenOrdersIT {
    @TempDir
    Path directory;

    @Test
    void countsEachChangeOnceThoughItIsKilled() {
        Path file = directory.resolve("orders");
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            server.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL)",
                    "INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 10) AS i",
                    "CREATE PUBLICATION drasi_publication FOR TABLE orders");
            try (Proc program = start(server, file)) {
                awaitCounts(file, Map.of("new", 10));
                server.execute("UPDATE orders SET status = 'paid' WHERE id <= 4");
                awaitCounts(file, Map.of("new", 6, "paid", 4));
                program.kill();
            }
            server.execute("UPDATE orders SET id = id + 100 WHERE id > 8");
            server.execute("DELETE FROM orders WHERE id = 1");
            server.execute("INSERT INTO orders VALUES (11, 'new')");
            try (Proc program = start(server, file)) {
                awaitCounts(file, Map.of("new", 7, "paid", 3));
                server.execute("TRUNCATE orders");
                awaitCounts(file, Map.of());
            }
        }
    }

    private static Proc start(PostgresServer server, Path file) {
        return Proc.java(
                        OpenOrders.class.getName(),
                        server.host(),
                        Integer.toString(server.port()),
                        "postgres",
                        server.superuser(),
                        file.toString())
                .start();
    }

    private static void awaitCounts(Path file, Map<String, Integer> counts) {
        Await.untilAsserted("the file holds " + counts, () -> {
            OrderStates states = OrderStates.load(file);
            assertThat(states.position()).isPresent();
            assertThat(states.counts()).isEqualTo(counts);
        });
    }
}
