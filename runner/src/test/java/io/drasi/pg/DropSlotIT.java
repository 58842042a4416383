// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import org.junit.jupiter.api.Test;

/** {@code drop-slot} removes what {@code stream} has made. */
class DropSlotIT {
    private static Proc.Result dropSlot(PostgresServer server, String slot) {
        return Program.of(
                        "drop-slot",
                        "--host=" + server.host(),
                        "--port=" + server.port(),
                        "--username=" + server.superuser(),
                        "--dbname=shop",
                        "--slot-name=" + slot)
                .run(Program.PATIENCE);
    }

    @Test
    void dropsTheSlotAndThePublicationThatStreamHasMade() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            Database database = server.createDatabase("shop").database("shop");
            database.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            try (Proc stream = Program.stream(server, "shop", "--slot-name=made", "--create-publication", "--tables=t")
                    .start()) {
                stream.awaitLine("bootstrap", Program.PATIENCE, line -> line.contains("bootstrap-completed"));

                Proc.Result held = dropSlot(server, "made");
                assertThat(held.exitCode()).isEqualTo(4);
                assertThat(held.stderr())
                        .contains("replication slot \"made\" is held by another process (server process");
                stream.interrupt();
                stream.await(Program.PATIENCE).requireSuccess();
            }
            assertThat(dropSlot(server, "made").requireSuccess().stdout())
                    .isEqualTo("dropped replication slot made\ndropped publication drasi_publication\n");
            assertThat(database.query("SELECT slot_name FROM pg_replication_slots"))
                    .isEmpty();
            assertThat(database.query("SELECT pubname FROM pg_publication")).isEmpty();

            Proc.Result missing = dropSlot(server, "made");
            assertThat(missing.exitCode()).isEqualTo(4);
            assertThat(missing.stdout()).isEmpty();
            assertThat(missing.stderr())
                    .contains("there is no replication slot \"made\" on the server at ")
                    .contains("FROM pg_replication_slots;");
        }
    }
}
