// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import io.drasi.model.SourceEvent;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Publications, tables and keys that don't fit what the source was told: what the errors say, run, makes it work. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {10, 18})
class BadPublicationIT {
    private static final int FIRST_WITH_PARTITION_ROOTS = 13;

    private static PostgresServer server;

    @Parameter
    int version;

    private Shop shop;

    @BeforeParameterizedClassInvocation
    static void startServer(int version) {
        server = Shop.server(version).start();
    }

    @AfterParameterizedClassInvocation
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void openShop() {
        shop = Shop.open(server);
    }

    @AfterEach
    void closeShop() {
        shop.close();
    }

    @Test
    void givesTheStatementThatCreatesAMissingPublication() {
        PostgresReplicationSource.Builder source = shop.source().withPublicationName("Café \"2\"");
        SourceException error = shop.errorOf(source);

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("publication \"Café \"2\"\" does not exist in database " + shop.name());
        assertThat(Shop.statements(error)).containsExactly("CREATE PUBLICATION \"Café \"\"2\"\"\" FOR ALL TABLES;");

        shop.run(Shop.statements(error));
        shop.requireWorks(source);
    }

    @Test
    void createsAMissingPublicationForTheConfiguredTables() {
        shop.database().execute("DROP PUBLICATION drasi_publication");
        PostgresReplicationSource.Builder source = shop.source().withTables("users");
        SourceException error = shop.errorOf(source);

        assertThat(Shop.statements(error))
                .containsExactly("CREATE PUBLICATION \"drasi_publication\" FOR TABLE \"public\".\"users\";");

        shop.run(Shop.statements(error));
        shop.requireWorks(source);
    }

    @Test
    void refusesAPublicationWithoutTables() {
        shop.database().execute("ALTER PUBLICATION drasi_publication DROP TABLE users");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("publication \"drasi_publication\" has no tables");
        assertThat(Shop.statements(error)).containsExactly("ALTER PUBLICATION \"drasi_publication\" ADD TABLE …;");

        shop.run(Shop.statements(error).stream()
                .map(statement -> statement.replace("…", "users"))
                .toList());
        shop.requireWorks();
    }

    @Test
    void givesTheStatementThatAddsTablesToThePublication() {
        shop.database()
                .execute(
                        "CREATE TABLE \"Order\" (id int PRIMARY KEY)",
                        "CREATE SCHEMA sales",
                        "CREATE TABLE sales.\"odd.name\" (id int PRIMARY KEY)",
                        "GRANT USAGE ON SCHEMA sales TO " + shop.name(),
                        "GRANT SELECT ON ALL TABLES IN SCHEMA public, sales TO " + shop.name());
        PostgresReplicationSource.Builder source =
                shop.source().withTables("users", "public.Order", "sales.odd\\.name");
        SourceException error = shop.errorOf(source);

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("tables: not in publication \"drasi_publication\": Order, sales.odd\\.name."
                        + " It has: users");
        assertThat(Shop.statements(error))
                .containsExactly("ALTER PUBLICATION \"drasi_publication\" ADD TABLE \"public\".\"Order\","
                        + " \"sales\".\"odd.name\";");

        shop.run(Shop.statements(error));
        shop.requireWorks(source);
    }

    @Test
    void saysWhichTableDoesNotExistAndWhichIsSimilar() {
        shop.database()
                .execute("CREATE TABLE \"Order\" (id int PRIMARY KEY)", "CREATE VIEW names AS SELECT name FROM users");

        assertThat(shop.errorOf(shop.source().withTables("users", "order", "nowhere.users")))
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("tables: there are no tables nowhere.users, order in the database")
                .hasMessageContaining("There is Order, users. Names are given as PostgreSQL stores them");
        assertThat(shop.errorOf(shop.source().withTables("names")))
                .hasMessageStartingWith("tables: there is no table names in the database")
                .hasMessageContaining("A view can't be published.");
    }

    @Test
    void publishesAPartitionedTableByItsRoot() {
        shop.database()
                .execute(
                        "CREATE TABLE days (day int NOT NULL, text text) PARTITION BY RANGE (day)",
                        "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10)",
                        "INSERT INTO days VALUES (1, 'Monday')",
                        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + shop.name());
        PostgresReplicationSource.Builder source = shop.source().withTables("days");
        SourceException error = shop.errorOf(source);

        assertThat(error).hasMessageStartingWith("tables: not in publication \"drasi_publication\": days.");
        if (version < FIRST_WITH_PARTITION_ROOTS) {
            assertThat(error).hasMessageContaining("is published by its partitions: name those.");
            return;
        }
        assertThat(Shop.statements(error))
                .containsExactly(
                        "ALTER PUBLICATION \"drasi_publication\" ADD TABLE \"public\".\"days\";",
                        "ALTER PUBLICATION \"drasi_publication\" SET (publish_via_partition_root = true);");
        shop.run(Shop.statements(error).subList(0, 1));
        assertThat(Shop.statements(shop.errorOf(source)))
                .containsExactly("ALTER PUBLICATION \"drasi_publication\" SET (publish_via_partition_root = true);");

        shop.run(Shop.statements(error).subList(1, 2));
        try (ObservedSource observed = shop.start(source)) {
            assertThat(observed.await(SourceEvent.BootstrapBatch.class).label()).isEqualTo("days");
        }
    }

    @Test
    void saysWhyAnUnloggedTableIsNotInAPublicationForAllTables() {
        shop.database()
                .execute(
                        "CREATE UNLOGGED TABLE visits (id int PRIMARY KEY)",
                        "CREATE PUBLICATION everything FOR ALL TABLES",
                        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + shop.name());
        PostgresReplicationSource.Builder source =
                shop.source().withPublicationName("everything").withTables("users", "visits");
        SourceException error = shop.errorOf(source);

        assertThat(error).hasMessageStartingWith("tables: not in publication \"everything\": visits. It has: users");
        assertThat(Shop.statements(error)).containsExactly("ALTER TABLE … SET LOGGED;");

        shop.run(List.of("ALTER TABLE visits SET LOGGED"));
        shop.requireWorks(source);
    }

    @Test
    void refusesAKeyOfATableThatIsNotPublished() {
        shop.database().execute("CREATE TABLE orders (id int PRIMARY KEY)");

        assertThat(shop.errorOf(shop.source().addTableKey("public.orders", "id")))
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("table_keys: not in publication \"drasi_publication\": orders.")
                .hasMessageContaining("ALTER PUBLICATION \"drasi_publication\" ADD TABLE \"public\".\"orders\";");
    }

    @Test
    void namesTheConfiguredKeyColumnThatDoesNotExist() {
        assertThat(shop.errorOf(shop.source().addTableKey("users", "id", "Name")))
                .isInstanceOf(SetupException.class)
                .hasMessage("table_keys: table users has no published column 'Name'\n"
                        + "Its published columns are: id, name.");
    }

    @Test
    void givesTheStatementThatMakesAConfiguredKeyPartOfTheReplicaIdentity() {
        PostgresReplicationSource.Builder source = shop.source().addTableKey("public.users", "name", "id");
        SourceException error = shop.errorOf(source);

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith(
                        "table_keys: column name of table users is not part of its replica identity, so a deleted row"
                                + " could not be identified");
        assertThat(Shop.statements(error)).containsExactly("ALTER TABLE \"public\".\"users\" REPLICA IDENTITY FULL;");

        shop.run(Shop.statements(error));
        try (ObservedSource observed = shop.start(source)) {
            SourceEvent.BootstrapBatch batch = observed.await(SourceEvent.BootstrapBatch.class);
            assertThat(batch.rows().get(0).element().metadata().reference().elementId())
                    .isEqualTo("users:Ada_1");
        }
    }

    @Test
    void acceptsAConfiguredKeyInTheIndexOfTheReplicaIdentity() {
        shop.database()
                .execute(
                        "ALTER TABLE users ALTER name SET NOT NULL",
                        "CREATE UNIQUE INDEX users_name ON users (name)",
                        "ALTER TABLE users REPLICA IDENTITY USING INDEX users_name");
        try (ObservedSource observed = shop.start(shop.source().addTableKey("users", "name"))) {
            observed.awaitStreaming();
        }
    }

    @Test
    void acceptsAnyConfiguredKeyWhenOnlyInsertsArePublished() {
        shop.database().execute("ALTER PUBLICATION drasi_publication SET (publish = 'insert')");
        try (ObservedSource observed = shop.start(shop.source().addTableKey("users", "name"))) {
            observed.awaitStreaming();
            assertThat(observed.logged(Level.WARN)).isEmpty();
        }
    }

    @Test
    void warnsOfATableWithoutReplicaIdentity() {
        shop.database().execute("ALTER TABLE users DROP CONSTRAINT users_pkey");
        List<String> warnings;
        try (ObservedSource observed = shop.start()) {
            shop.requireWorks(observed);
            warnings = observed.logged(Level.WARN);
        }
        assertThat(warnings)
                .containsExactly(
                        "source 'shop': table users has no replica identity: the server refuses to update or delete its"
                                + " rows while they are published. ALTER TABLE \"public\".\"users\" ADD PRIMARY KEY"
                                + " (…); or ALTER TABLE \"public\".\"users\" REPLICA IDENTITY FULL;",
                        "source 'shop': no primary key found for table users: its element ids are made of the rows'"
                                + " places. ALTER TABLE \"public\".\"users\" ADD PRIMARY KEY (…); or configure"
                                + " table_keys");
        // What the warning says is so, and what it advises helps.
        assertThat(refusalOfUpdate()).contains("55000").contains("does not have a replica identity");
        shop.run(Shop.statements(warnings.get(0)).subList(1, 2));
        assertThat(refusalOfUpdate()).isEmpty();
        try (ObservedSource observed = shop.start(shop.source().withSlotName(shop.name() + "_b"))) {
            shop.requireWorks(observed);
            assertThat(observed.logged(Level.WARN))
                    .containsExactly(
                            "source 'shop': table users has no key: its element ids are made of whole rows, and"
                                    + " equal rows share one. ALTER TABLE \"public\".\"users\" ADD PRIMARY KEY (…);");
        }
        shop.run(List.of(Shop.statements(warnings.get(0)).get(0).replace("…", "id")));
        try (ObservedSource observed = shop.start(shop.source().withSlotName(shop.name() + "_c"))) {
            shop.requireWorks(observed);
            assertThat(observed.logged(Level.WARN)).isEmpty();
        }
    }

    private String refusalOfUpdate() {
        try {
            shop.database().execute("UPDATE users SET name = 'Ada L.' WHERE id = 1");
            return "";
        } catch (IllegalStateException e) {
            return e.getMessage();
        }
    }

    @Test
    void stopsAtARowFilterThatItCannotReadAsThisRole() {
        assumeTrue(version >= 15, "row filters came with PostgreSQL 15");
        shop.database()
                .execute(
                        "CREATE SCHEMA hidden",
                        "CREATE TABLE hidden.t (id int PRIMARY KEY)",
                        "ALTER PUBLICATION drasi_publication SET TABLE users (id), TABLE hidden.t WHERE (id > 5)");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error).hasMessageStartingWith("role " + shop.name() + " may not read table hidden.t");
        shop.run(Shop.statements(error));
        shop.requireWorks();
    }
}
