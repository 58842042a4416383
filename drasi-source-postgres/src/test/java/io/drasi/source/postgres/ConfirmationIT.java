// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** What the server is told to be confirmed: all of what every subscriber confirmed, and nothing else. */
class ConfirmationIT {
    private static final SubscriptionSettings FIRST = SubscriptionSettings.forQuery("first");
    private static final SubscriptionSettings SECOND = SubscriptionSettings.forQuery("second");

    @SomeVersion
    void followsTheConfirmationsOfItsSubscriber(int version) {
        try (SourceFixture fixture = users(version)) {
            PostgresReplicationSource source = fixture.source(often(fixture));
            Recorder recorder = fixture.record(source, FIRST, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2), (3), (4)");
            SourceEvent.Transaction first = recorder.transaction();
            SourceEvent.Transaction second = recorder.transaction();
            Lsn end = fixture.walEnd();
            awaitTold(fixture, end);
            assertAtMost(fixture, first.commitLsn());

            recorder.confirm(first);
            awaitConfirmed(fixture, first.endLsn());
            awaitTold(fixture, fixture.walEnd());
            assertAtMost(fixture, second.commitLsn());

            recorder.subscription().confirm(new Position(second.commitLsn(), 1));
            awaitConfirmed(fixture, second.commitLsn());
            awaitTold(fixture, fixture.walEnd());
            assertAtMost(fixture, second.commitLsn());

            recorder.confirm(second);
            awaitConfirmed(fixture, end.value());
        }
    }

    @SomeVersion
    void waitsForTheSlowestSubscriber(int version) {
        try (SourceFixture fixture = users(version)) {
            PostgresReplicationSource source = fixture.source(often(fixture));
            Recorder slow = fixture.record(source, FIRST, false);
            Recorder slower = fixture.record(source, SECOND, false);
            Recorder middle = fixture.record(source, SubscriptionSettings.forQuery("third"), false);
            Recorder fast = fixture.record(source, SubscriptionSettings.forQuery("fourth"));
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(
                    "INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2)", "INSERT INTO users VALUES (3)");
            SourceEvent.Transaction first = fast.transaction();
            SourceEvent.Transaction second = fast.transaction();
            fast.transaction();
            slow.confirm(slow.transaction());
            slower.transaction();
            middle.transaction();
            middle.confirm(middle.transaction());
            Lsn end = fixture.walEnd();
            awaitTold(fixture, end);
            assertAtMost(fixture, first.commitLsn());
            slower.close();
            awaitConfirmed(fixture, first.endLsn());
            awaitTold(fixture, fixture.walEnd());
            assertAtMost(fixture, second.commitLsn());
            slow.close();
            awaitConfirmed(fixture, second.endLsn());
            middle.close();
            awaitConfirmed(fixture, end.value());
        }
    }

    @SomeVersion
    void isNotHeldBackByWhatASubscriberDoesNotWant(int version) {
        try (SourceFixture fixture = users(version)) {
            fixture.execute("CREATE TABLE orders (id int PRIMARY KEY)");
            PostgresReplicationSource source = fixture.source(often(fixture));
            fixture.record(source, FIRST.withLabels("orders"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)", "INSERT INTO users VALUES (2)");
            awaitConfirmed(fixture, fixture.walEnd().value());
        }
    }

    /** The tables that are published are idle; others, also of other databases, write. */
    @SomeVersion
    void followsTheEndOfTheLogWhileNothingIsOutstanding(int version) {
        try (SourceFixture fixture = users(version)) {
            // Longer than this test: what moves the position are keepalives, not the interval.
            Recorder recorder = fixture.stream(fixture.builder().withStatusInterval(Duration.ofMinutes(5)));
            for (int i = 0; i < 3; i++) {
                fixture.server()
                        .execute("CREATE TABLE written AS SELECT generate_series(1, 10000)", "DROP TABLE written");
                awaitConfirmed(fixture, fixture.walEnd().value());
            }
            assertThat(recorder.catchUp()).isEmpty();
        }
    }

    @SomeVersion
    void isNotHeldBackByATransactionThatIsOpenOnTheServer(int version) throws SQLException {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream(often(fixture));
            try (Connection connection = fixture.database().connect()) {
                connection.setAutoCommit(false);
                connection.createStatement().execute("INSERT INTO users VALUES (1)");
                fixture.execute("INSERT INTO users VALUES (2)");
                assertThat(recorder.changes()).containsExactly("insert users:2 {id=2}");
                awaitConfirmed(fixture, fixture.walEnd().value());
                connection.commit();
            }
            assertThat(recorder.allChanges()).containsExactly("insert users:1 {id=1}");
        }
    }

    @SomeVersion
    void tellsTheLastConfirmationsWhenItStops(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = fixture.stream(fixture.builder().withStatusInterval(Duration.ofMinutes(5)));
            fixture.execute("INSERT INTO users VALUES (1)");
            SourceEvent.Transaction transaction = recorder.transaction();
            recorder.source().stop();
            awaitConfirmed(fixture, transaction.endLsn());
            fixture.execute("INSERT INTO users VALUES (2)");
            fixture.closeSources();
            assertThat(fixture.stream().changes()).containsExactly("insert users:2 {id=2}");
        }
    }

    @SomeVersion
    void deliversWhatWasNotConfirmedAgain(int version) {
        try (SourceFixture fixture = users(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, FIRST, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(
                    "INSERT INTO users VALUES (1)",
                    "INSERT INTO users VALUES (2), (3)",
                    "INSERT INTO users VALUES (4)");
            recorder.confirm(recorder.transaction());
            SourceEvent.Transaction second = recorder.transaction();
            recorder.subscription().confirm(new Position(second.commitLsn(), 0));
            recorder.transaction();
            fixture.closeSources();
            Recorder again = fixture.stream();
            SourceEvent.Transaction redelivered = again.transaction();
            assertThat(redelivered.position()).isEqualTo(second.position());
            assertThat(Recorder.placed(redelivered)).isEqualTo(Recorder.placed(second));
            assertThat(again.changes()).containsExactly("insert users:4 {id=4}");
            assertThat(again.catchUp()).isEmpty();
        }
    }

    private static SourceFixture users(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }

    private static PostgresReplicationSource.Builder often(SourceFixture fixture) {
        return fixture.builder().withStatusInterval(Duration.ofMillis(100));
    }

    /** Waits for a status that was sent when everything up to {@code lsn} had been received. */
    private static void awaitTold(SourceFixture fixture, Lsn lsn) {
        Await.until(
                "the server knows that " + lsn + " was received",
                () -> fixture.server()
                        .queryOne("SELECT coalesce(bool_or(write_lsn >= '" + lsn
                                + "'), false) FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid"
                                + " WHERE slot_name = '" + fixture.slotName() + "'")
                        .equals("t"));
    }

    private static void awaitConfirmed(SourceFixture fixture, long lsn) {
        Await.until(
                "the slot is confirmed up to " + new Lsn(lsn),
                () -> !new Lsn(lsn).isAfter(fixture.confirmedFlushLsn().orElseThrow()));
    }

    private static void assertAtMost(SourceFixture fixture, long lsn) {
        assertThat(fixture.confirmedFlushLsn().orElseThrow()).isLessThanOrEqualTo(new Lsn(lsn));
    }
}
