// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import io.drasi.testkit.Proc;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drop-slot} removes what {@code stream} has made. */
class DropSlotIT {
    @TempDir
    private Path directory;

    private static Proc.Result dropSlot(PostgresServer server, String slot, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "drop-slot",
                "--host=" + server.host(),
                "--port=" + server.port(),
                "--username=" + server.superuser(),
                "--dbname=shop",
                "--slot-name=" + slot));
        arguments.addAll(List.of(more));
        return Program.of(arguments.toArray(new String[0])).run(Program.PATIENCE);
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

    /** Else the next run would want to go on from a position that no slot has. */
    @Test
    void forgetsThePositionOfTheSlot() {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            Database database = server.createDatabase("shop").database("shop");
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "INSERT INTO t VALUES (1)",
                    "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
            String state = "--state-dir=" + directory;
            Proc.Builder stream = Program.stream(server, "shop", "--slot-name=kept", "--endpos=now", state);
            assertThat(stream.run(Program.PATIENCE).requireSuccess().stdoutLines())
                    .hasSize(3);
            assertThat(stream.run(Program.PATIENCE).requireSuccess().stdoutLines())
                    .isEmpty();
            assertThat(dropSlot(server, "kept", state).requireSuccess().stdout())
                    .isEqualTo("dropped replication slot kept\n");
            assertThat(stream.run(Program.PATIENCE).requireSuccess().stdoutLines())
                    .as("it begins anew")
                    .hasSize(3);
        }
    }
}
