// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code create_publication}, and {@code deprovision()}, which drops what was created. */
class OwnPublicationIT {
    private static final int FIRST_WITH_PARTITION_ROOTS = 13;

    private static SourceFixture shop(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE TABLE users (id int PRIMARY KEY)",
                "CREATE TABLE \"Odd table\" (id int PRIMARY KEY)",
                "CREATE TABLE orders (id int PRIMARY KEY)",
                "INSERT INTO users VALUES (1)");
        return fixture;
    }

    private static PostgresReplicationSource.Builder creating(SourceFixture fixture, String... tables) {
        return fixture.builder().withCreatePublication(true).withTables(tables);
    }

    private static List<String> published(SourceFixture fixture) {
        return fixture
                .database()
                .query("SELECT tablename FROM pg_publication_tables WHERE pubname = 'drasi_publication' ORDER BY 1")
                .stream()
                .map(row -> row.get(0))
                .toList();
    }

    private static String count(SourceFixture fixture, String what) {
        return fixture.database().queryOne("SELECT count(*) FROM " + what);
    }

    @SomeVersion
    void createsThePublicationAndKeepsItToTheTables(int version) {
        try (SourceFixture fixture = shop(version)) {
            Recorder first = fixture.bootstrap(creating(fixture, "users", "Odd table"));
            assertThat(first.snapshot().readable()).containsExactly("insert users:1 {id=1}");
            assertThat(published(fixture)).containsExactly("Odd table", "users");
            fixture.closeSources();

            Recorder second = fixture.stream(creating(fixture, "orders", "users"));
            assertThat(published(fixture)).containsExactly("orders", "users");
            fixture.execute("INSERT INTO orders VALUES (7)");
            assertThat(second.changes()).containsExactly("insert orders:7 {id=7}");
            fixture.closeSources();

            // Another source, with another slot: the publication is not its own.
            Recorder other = fixture.stream(creating(fixture, "users").withSlotName(fixture.slotName() + "_other"));
            assertThat(published(fixture)).containsExactly("orders", "users");
            other.close();
            other.source().close();
            assertThat(other.source().deprovision()).isEqualTo(new Deprovisioned(true, 0, false));

            PostgresReplicationSource source = fixture.source(creating(fixture, "users"));
            assertThat(source.deprovision()).isEqualTo(new Deprovisioned(true, 0, true));
            assertThat(count(fixture, "pg_publication")).isEqualTo("0");
            assertThat(SourceTraces.slots(fixture)).isEmpty();
            assertThat(source.deprovision()).isEqualTo(new Deprovisioned(false, 0, false));
        }
    }

    @SomeVersion
    void leavesAPublicationAloneThatSomebodyElseMade(int version) {
        try (SourceFixture fixture = shop(version)) {
            fixture.execute("CREATE PUBLICATION drasi_publication FOR TABLE orders");
            PostgresReplicationSource source = fixture.source(creating(fixture, "users"));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("test"));
            source.start();
            assertThatThrownBy(recorder::catchUp)
                    .hasStackTraceContaining("tables: not in publication \"drasi_publication\": users.");
            assertThat(source.deprovision()).isEqualTo(new Deprovisioned(false, 0, false));
            assertThat(published(fixture)).containsExactly("orders");
        }
    }

    @EachVersion
    void publishesPartitionsUnderTheirRoot(int version) {
        try (SourceFixture fixture = shop(version)) {
            fixture.execute(
                    "CREATE TABLE days (day int NOT NULL) PARTITION BY RANGE (day)",
                    "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10)");
            PostgresReplicationSource source = fixture.source(creating(fixture, "users", "days"));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("test"));
            source.start();
            if (version < FIRST_WITH_PARTITION_ROOTS) {
                assertThatThrownBy(recorder::catchUp)
                        .hasStackTraceContaining("tables: partitioned tables can't be published: days")
                        .hasStackTraceContaining("is published by its partitions: name those.");
                assertThat(count(fixture, "pg_publication")).isEqualTo("0");
                return;
            }
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO days VALUES (3)");
            assertThat(recorder.changes()).singleElement().asString().startsWith("insert days:");
        }
    }

    @SomeVersion
    void createsAPublicationForAllTables(int version) {
        try (SourceFixture fixture = shop(version)) {
            Recorder recorder = fixture.stream(fixture.builder().withCreatePublication(true));
            fixture.execute("CREATE TABLE late (id int PRIMARY KEY)", "INSERT INTO late VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert late:1 {id=1}");
            fixture.closeSources();
            fixture.stream(fixture.builder().withCreatePublication(true).withTables("users"));
            assertThat(published(fixture)).contains("late");
        }
    }

    @Test
    void saysWhichRightsAreMissing() {
        try (PostgresServer server = Shop.server(18).start();
                Shop shop = Shop.open(server)) {
            shop.database()
                    .execute(
                            "DROP PUBLICATION drasi_publication",
                            "CREATE ROLE keeper",
                            "ALTER TABLE users OWNER TO keeper");
            PostgresReplicationSource.Builder source =
                    shop.source().withCreatePublication(true).withTables("users");
            SourceException error = shop.errorOf(source);
            assertThat(error)
                    .isInstanceOf(SetupException.class)
                    .hasMessageStartingWith("source 'shop', setting up the publication: ");
            List<String> statements = Shop.statements(error);
            assertThat(statements)
                    .startsWith(
                            "GRANT CREATE ON DATABASE \"" + shop.name() + "\" TO \"" + shop.name() + "\";",
                            "GRANT \"keeper\" TO \"" + shop.name() + "\";",
                            "CREATE PUBLICATION \"drasi_publication\" FOR TABLE \"public\".\"users\" WITH"
                                    + " (publish_via_partition_root = true);");
            assertThat(shop.database().queryOne("SELECT count(*) FROM pg_publication"))
                    .isEqualTo("0");

            assertThat(shop.errorOf(shop.source().withCreatePublication(true)))
                    .hasMessageContaining("For all tables the role must be a superuser");
            assertThat(shop.errorOf(shop.source().withCreatePublication(true).withTables("Users")))
                    .hasMessageStartingWith("tables: there is no table Users in the database")
                    .hasMessageContaining("There is users.");

            shop.run(statements.subList(0, 2));
            shop.requireWorks(source);
        }
    }

    @Test
    void dropsNoSlotThatIsNotItsOwnOrInUse() {
        try (SourceFixture fixture = shop(18)) {
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            assertThatThrownBy(() -> recorder.source().deprovision())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("source 'source' runs; stop it first");
            String pid = SourceTraces.awaitWalsender(fixture);
            PostgresReplicationSource second = fixture.source(fixture.builder());
            assertThatThrownBy(second::deprovision)
                    .isInstanceOf(SlotHeldException.class)
                    .hasMessageContaining("is held by another process (server process ");
            assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(pid);

            recorder.close();
            recorder.source().stop();
            assertThat(recorder.source().deprovision().slot()).isTrue();
            fixture.execute("SELECT pg_create_logical_replication_slot('" + fixture.slotName() + "', 'test_decoding')");
            assertThatThrownBy(second::deprovision)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("uses the plugin test_decoding instead of pgoutput");
            assertThat(SourceTraces.slots(fixture)).hasSize(1);
        }
    }

    @Test
    void dropsTheMarkersOfABootstrapThatDidNotEnd() {
        try (SourceFixture fixture = shop(18)) {
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder =
                    fixture.record(source, SubscriptionSettings.forQuery("test").withBootstrap(), false);
            source.start();
            recorder.snapshot();
            fixture.closeSources();
            assertThat(source.deprovision()).isEqualTo(new Deprovisioned(true, 1, false));
            assertThat(SourceTraces.slots(fixture)).isEmpty();
        }
    }
}
