// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.TableChangedException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.CatalogTable;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.OwnSessions;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableLocksIT {
    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void noticesWhatASnapshotCanNoLongerRead(int version) {
        try (PostgresServer server = PostgresServer.builder(version).start()) {
            Database database = server.createDatabase("locks").database("locks");
            database.execute("CREATE TABLE plain (id int PRIMARY KEY, n int)", "CREATE TABLE other (id int)");
            assertNoticed(server, database, "plain", false, "SELECT 1");
            assertNoticed(server, database, "plain", false, "ALTER TABLE plain ADD COLUMN c int; DROP TABLE other");
            assertNoticed(server, database, "plain", true, "ALTER TABLE plain ALTER n TYPE bigint");
            assertNoticed(server, database, "plain", true, "TRUNCATE plain");
            assertNoticed(
                    server,
                    database,
                    "plain",
                    true,
                    "CREATE TABLE next (LIKE plain); ALTER TABLE plain RENAME TO old; ALTER TABLE next RENAME TO plain");
            if (version >= 13) {
                database.execute(
                        "CREATE TABLE root (id int, n int) PARTITION BY RANGE (id)",
                        "CREATE TABLE one PARTITION OF root FOR VALUES FROM (0) TO (10)",
                        "CREATE TABLE two (id int, n int)");
                assertNoticed(server, database, "root", false, "INSERT INTO root VALUES (1, 1)");
                assertNoticed(server, database, "root", true, "ALTER TABLE root ALTER n TYPE bigint");
                if (version >= 14) {
                    // As an interrupted DETACH … CONCURRENTLY leaves it.
                    database.execute(
                            "CREATE TABLE three PARTITION OF root FOR VALUES FROM (20) TO (30)",
                            "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'three'::regclass");
                    assertNoticed(server, database, "root", false, "INSERT INTO root VALUES (2, 2)");
                }
                assertNoticed(
                        server,
                        database,
                        "root",
                        true,
                        "ALTER TABLE two ALTER n TYPE bigint;"
                                + " ALTER TABLE root ATTACH PARTITION two FOR VALUES FROM (10) TO (20)");
                assertNoticed(server, database, "root", true, "ALTER TABLE root DETACH PARTITION one");
            }
        }
    }

    private static void assertNoticed(
            PostgresServer server, Database database, String label, boolean noticed, String change) {
        database.execute("CREATE PUBLICATION p FOR TABLE ONLY " + label
                + (label.equals("root") ? " WITH (publish_via_partition_root)" : ""));
        PostgresSourceConfig config = PostgresSourceConfig.builder("locks")
                .withHost(server.host())
                .withPort(server.port())
                .withDatabase(database.name())
                .withUser(server.superuser())
                .build();
        try (PostgresConnection connection = new Connections(config, new OwnSessions()).openOrdinary()) {
            List<CatalogTable> tables = new Catalog(connection::query, connection.serverVersionNumber())
                    .publication("p")
                    .orElseThrow()
                    .tables();
            assertThat(tables).extracting(table -> table.name().label()).containsExactly(label);
            connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            connection.query("SELECT 'a query takes the snapshot'");
            database.execute(change);
            if (noticed) {
                assertThatThrownBy(() -> new TableLocks(tables).take(connection))
                        .as(change)
                        .isInstanceOf(TableChangedException.class)
                        .hasMessageStartingWith("table " + label + " was rewritten, renamed or given other partitions");
            } else {
                assertThatCode(() -> new TableLocks(tables).take(connection))
                        .as(change)
                        .doesNotThrowAnyException();
            }
        }
        database.execute("DROP PUBLICATION p");
    }
}
