// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the source warns of while it streams: much log that is kept, and tables that come and go. */
class SlotWatchIT {
    private static final int FIRST_WITH_LIMIT = 13;

    private static PostgresReplicationSource.Builder builder(SourceFixture fixture) {
        return fixture.builder().withStatusInterval(Duration.ofMillis(100));
    }

    private static void awaitNote(PostgresReplicationSource source, String text) {
        Await.until("the source notes: " + text, () -> {
            SourceFixture.requireNoFailure(source);
            return source.status().message().orElse("").contains(text);
        });
        assertThat(source.status().status()).isEqualTo(ComponentStatus.RUNNING);
    }

    private static void write(SourceFixture fixture, int megabytes) {
        for (int i = 0; i < megabytes; i++) {
            fixture.execute(
                    "SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000))", "SELECT pg_switch_wal()");
        }
    }

    @EachVersion
    void warnsWhenTheServerKeepsMuchLogForASubscriberThatDoesNotConfirm(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .setting("min_wal_size", "64MB")
                        .setting("max_wal_size", "4GB")
                        .start();
                SourceFixture fixture = SourceFixture.on(server);
                Logged log = new Logged()) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(builder(fixture).withRetentionWarning(20 << 20));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("test"), false);
            source.start();
            fixture.awaitStreaming(source);
            assertThat(log.messages()).isEmpty();
            fixture.execute("INSERT INTO users VALUES (1)");
            SourceEvent unconfirmed = recorder.transaction();
            write(fixture, 2);

            awaitNote(source, ", more than retention_warning = 20.0 MB. Not confirmed is ");
            assertThat(log.messages())
                    .singleElement()
                    .asString()
                    .startsWith("source 'source': the server keeps ")
                    .contains("for replication slot \"" + fixture.slotName() + "\"");
            SlotReading reading = source.slotReading().orElseThrow();
            assertThat(reading.retainedBytes()).isGreaterThan(20 << 20);
            assertThat(reading.restartLsn()).isLessThanOrEqualTo(reading.confirmedFlushLsn());
            assertThat(reading.walStatus().isPresent()).isEqualTo(version >= FIRST_WITH_LIMIT);

            recorder.confirm(unconfirmed);
            Await.until("the note is gone", () -> {
                fixture.execute("SELECT pg_logical_emit_message(true, 'x', 'x')", "CHECKPOINT");
                return source.status().message().isEmpty();
            });
            assertThat(source.slotReading().orElseThrow().confirmedFlushLsn())
                    .isGreaterThan(new Lsn(reading.confirmedFlushLsn().value()));
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void warnsBeforeTheServerGivesTheSlotUp(int version) {
        try (PostgresServer server = PostgresServer.builder(version)
                        .initdbArgs("--wal-segsize=1")
                        .setting("min_wal_size", "2MB")
                        .setting("max_wal_size", "4MB")
                        .setting("max_slot_wal_keep_size", "20MB")
                        .setting("checkpoint_timeout", "1h")
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(builder(fixture));
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("test"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)");
            recorder.transaction();
            write(fixture, 7);
            awaitNote(source, ", more than max_wal_size (wal_status = extended)");
            write(fixture, 10);
            awaitNote(source, " more, max_slot_wal_keep_size has it give the slot up");
            assertThat(source.slotReading().orElseThrow().safeWalSize()).isPresent();
        }
    }

    @SomeVersion
    void tellsOfTablesThatAreAddedAndTakenOut(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users",
                    "INSERT INTO orders VALUES (1)");
            Recorder recorder = fixture.stream(builder(fixture));
            PostgresReplicationSource source = recorder.source();

            fixture.execute("ALTER PUBLICATION drasi_publication ADD TABLE orders", "INSERT INTO orders VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert orders:2 {id=2}");
            awaitNote(source, "orders is in publication \"drasi_publication\" now: changes come, but rows from before");
            // The label is known.
            Recorder late = fixture.record(
                    source,
                    SubscriptionSettings.forQuery("late").withLabels("orders").withBootstrap());
            assertThat(late.snapshot().readable()).containsExactly("insert orders:1 {id=1}", "insert orders:2 {id=2}");

            fixture.execute("ALTER PUBLICATION drasi_publication DROP TABLE users", "INSERT INTO users VALUES (1)");
            awaitNote(source, "users is not in publication \"drasi_publication\" any more: its changes don't come");
            assertThat(recorder.allChanges()).isEmpty();

            fixture.execute("DROP PUBLICATION drasi_publication");
            awaitNote(source, "publication \"drasi_publication\" was dropped: the next change");
        }
    }

    /** It hears of that on the thread that the end of the stream waits for. */
    @Test
    void aListenerMayStopTheSourceWhenItHearsAWarning() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users");
            PostgresReplicationSource source = fixture.stream(builder(fixture)).source();
            source.addStatusListener(change -> {
                if (change.message().orElse("").contains("orders is in publication")) {
                    source.stop();
                }
            });
            fixture.execute("ALTER PUBLICATION drasi_publication ADD TABLE orders");
            Await.until("the source has stopped", () -> source.status().status() == ComponentStatus.STOPPED);
            Await.until("no thread is left", () -> SourceTraces.threads().isEmpty());
            SourceTraces.awaitConnections(fixture, 0);
        }
    }

    @SomeVersion
    void stopsWhenATableThatItIsToReadIsTakenOut(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users, orders");
            Recorder recorder = fixture.stream(builder(fixture).withTables("users", "orders"));
            fixture.execute("INSERT INTO users VALUES (1)");
            assertThat(recorder.changes()).hasSize(1);
            fixture.execute("ALTER PUBLICATION drasi_publication DROP TABLE users");

            PostgresReplicationSource source = recorder.source();
            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause().orElseThrow())
                    .isInstanceOf(SetupException.class)
                    .hasMessageStartingWith("tables: not in publication \"drasi_publication\": users.");

            fixture.execute("ALTER PUBLICATION drasi_publication ADD TABLE users", "INSERT INTO users VALUES (2)");
            fixture.closeSources();
            Recorder again = fixture.stream(builder(fixture).withTables("users", "orders"));
            assertThat(again.allChanges()).isEqualTo(List.of("insert users:2 {id=2}"));
        }
    }
}
