// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Property;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshot and stream, joined without gap and overlap. */
class BootstrapIT {
    private static final int ROWS = 1000;
    private static final int WRITERS = 3;
    private static final long TRANSACTIONS = 200;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery("bootstrapped").withBootstrap();
    private static final SubscriptionSettings STREAM = SubscriptionSettings.forQuery("streamed");

    @EachVersion
    void joinsSnapshotAndStreamWhileOthersWrite(int version) {
        Property.forAll(1, random -> {
            try (SourceFixture fixture = withTables(version, ROWS)) {
                PostgresReplicationSource source = fixture.source(
                        fixture.builder().withBootstrapBatchSize(50).withDispatchBufferCapacity(5));
                try (Writers writers = Writers.start(fixture.database(), WRITERS, random.nextLong())) {
                    Subscription subscription = source.subscribe(BOOTSTRAP);
                    writers.awaitProgress(TRANSACTIONS);
                    source.start();
                    DeliveryCheck check = takeFirstBatch(subscription);
                    // The source has not read all of the snapshot, so what commits now comes after it and before its
                    // end.
                    SourceTraces.awaitThreadAtFullQueue();
                    writers.awaitProgress(TRANSACTIONS);
                    assertThat(check.bootstraps()).isZero();
                    try (Follower follower = Follower.of(subscription, check)) {
                        follower.awaitBootstrap();
                        writers.awaitProgress(TRANSACTIONS);
                        writers.stop();
                        follower.catchUp(fixture.database());
                        check.assertEqualsTables(fixture.database());
                        // Each writer may have counted one that it had committed before the snapshot.
                        assertThat(check.transactions()).isGreaterThanOrEqualTo(2 * TRANSACTIONS - WRITERS);
                    }
                }
            }
        });
    }

    /** Leaves the source in the middle of the bootstrap, if its queue holds less than all of it. */
    private static DeliveryCheck takeFirstBatch(Subscription subscription) {
        DeliveryCheck check = new DeliveryCheck();
        SourceEvent event;
        do {
            event = Await.untilPresent("an event", () -> subscription.poll(Duration.ofMillis(100)));
            check.accept(event);
        } while (!(event instanceof SourceEvent.BootstrapBatch));
        return check;
    }

    @ParameterizedTest
    @EnumSource(DispatchMode.class)
    void sharesOneSnapshotBetweenAllThatExistAtTheStart(DispatchMode mode) {
        try (SourceFixture fixture = withTables(18, ROWS)) {
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withDispatchMode(mode).withDispatchBufferCapacity(100_000));
            try (Writers writers = Writers.start(fixture.database(), WRITERS, 1);
                    Follower first = Follower.of(source, BOOTSTRAP);
                    Follower second = Follower.of(
                            source, SubscriptionSettings.forQuery("second").withBootstrap())) {
                writers.awaitProgress(10);
                source.start();
                first.awaitBootstrap();
                second.awaitBootstrap();
                writers.stop();
                long mark = Follower.mark(fixture.database());
                first.awaitMark(mark);
                second.awaitMark(mark);
                first.check().assertEqualsTables(fixture.database());
                second.check().assertEqualsTables(fixture.database());
                assertThat(second.check().bootstrapRows())
                        .isEqualTo(first.check().bootstrapRows());
                assertThat(second.check().transactions())
                        .isEqualTo(first.check().transactions());
            }
        }
    }

    /**
     * A transaction whose commit is in the log, but that no other transaction sees yet, because it waits for a standby:
     * the snapshot has to have it, since the stream begins after it.
     */
    @EachVersion
    void hasWhatIsCommittedInTheLogButNotYetVisible(int version) throws Exception {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = SourceFixture.on(server)) {
            Writers.createTables(fixture.database(), 0);
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Connection early = fixture.database().connect();
                    Connection middle = fixture.database().connect();
                    Connection unseen = fixture.database().connect();
                    Follower follower = Follower.of(source, BOOTSTRAP)) {
                insertOpen(early, 1);
                source.start();
                awaitSlotCreationWaitingFor(fixture, early);
                insertOpen(middle, 2);
                commitWithoutStandby(early);
                awaitSlotCreationWaitingFor(fixture, middle);
                server.setConfig("synchronous_standby_names", "nobody");
                server.reload();
                server.execute("CHECKPOINT"); // commits wait once the checkpointer has read the setting
                CompletableFuture<Void> commit = insertAndWaitForStandby(server, unseen, 3);
                commitWithoutStandby(middle);
                follower.awaitBootstrap();
                assertThat(fixture.database().query("SELECT id FROM marks ORDER BY id"))
                        .isEqualTo(List.of(List.of("1"), List.of("2")));
                assertThat(follower.check().has("marks", 3)).isTrue();
                assertThat(follower.check().bootstrapRows()).isEqualTo(3);
                server.setConfig("synchronous_standby_names", "");
                server.reload();
                commit.join();
                fixture.execute("INSERT INTO marks VALUES (4)");
                follower.awaitMark(4);
                assertThat(follower.check().transactions()).isEqualTo(1);
            }
        }
    }

    private static void insertOpen(Connection connection, int mark) throws Exception {
        connection.setAutoCommit(false);
        execute(connection, "INSERT INTO marks VALUES (" + mark + ")");
    }

    private static void commitWithoutStandby(Connection connection) throws Exception {
        execute(connection, "SET LOCAL synchronous_commit = local");
        connection.commit();
    }

    private static CompletableFuture<Void> insertAndWaitForStandby(
            PostgresServer server, Connection connection, int mark) throws Exception {
        insertOpen(connection, mark);
        CompletableFuture<Void> commit = CompletableFuture.runAsync(() -> {
            try {
                connection.commit();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        Await.until(
                "the commit waits for a standby",
                () -> !server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                        .isEmpty());
        return commit;
    }

    private static void execute(Connection connection, String sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void awaitSlotCreationWaitingFor(SourceFixture fixture, Connection writer) throws Exception {
        int pid = writer.unwrap(org.postgresql.PGConnection.class).getBackendPID();
        Await.until(
                "the slot's creation waits for that transaction",
                () -> !fixture.server()
                        .query(
                                "SELECT 1 FROM pg_locks w JOIN pg_locks h ON h.transactionid = w.transactionid AND h.granted"
                                        + " JOIN pg_stat_activity a ON a.pid = w.pid WHERE NOT w.granted AND h.pid = "
                                        + pid
                                        + " AND a.application_name = 'drasi source'")
                        .isEmpty());
    }

    @SomeVersion
    void givesALateBootstrapFromATemporarySlotWhileAnotherGoesOn(int version) {
        try (SourceFixture fixture = withTables(version, ROWS)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withBootstrapBatchSize(20));
            try (Follower early = Follower.of(source, BOOTSTRAP)) {
                source.start();
                early.awaitBootstrap();
                try (Writers writers = Writers.start(fixture.database(), WRITERS, 2)) {
                    for (int round = 1; round <= 3; round++) {
                        writers.awaitProgress(TRANSACTIONS);
                        SubscriptionSettings settings =
                                SubscriptionSettings.forQuery("late " + round).withBootstrap();
                        try (Follower late = Follower.of(source, settings)) {
                            late.awaitBootstrap();
                            writers.awaitProgress(TRANSACTIONS);
                            late.catchUp(fixture.database());
                            early.requireNoFailure();
                            SourceTraces.awaitSlots(fixture, fixture.slotName());
                        }
                    }
                    writers.stop();
                }
                early.catchUp(fixture.database());
                early.check().assertEqualsTables(fixture.database());
                assertThat(early.check().bootstraps()).isEqualTo(1);
            }
        }
    }

    @SomeVersion
    void givesABootstrapThoughTheSlotHasExistedSinceAnEarlierRun(int version) {
        try (SourceFixture fixture = withTables(version, ROWS)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Follower follower = Follower.of(source, STREAM)) {
                source.start();
                fixture.awaitStreaming(source);
                follower.catchUp(fixture.database());
            }
            source.stop();
            fixture.execute("UPDATE items SET version = 7");
            try (Writers writers = Writers.start(fixture.database(), WRITERS, 3);
                    Follower follower = Follower.of(source, BOOTSTRAP)) {
                source.start();
                follower.awaitBootstrap();
                writers.awaitProgress(TRANSACTIONS);
                writers.stop();
                follower.catchUp(fixture.database());
                follower.check().assertEqualsTables(fixture.database());
            }
            source.stop();
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    @SomeVersion
    void givesALateSubscriptionWithoutABootstrapOnlyWhatComesAfterIt(int version) {
        try (SourceFixture fixture = withTables(version, 10)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Follower early = Follower.of(source, STREAM)) {
                source.start();
                fixture.awaitStreaming(source);
                early.catchUp(fixture.database());
                try (Recorder late = fixture.record(source, SubscriptionSettings.forQuery("late"))) {
                    Follower.mark(fixture.database());
                    assertThat(late.changes()).hasSize(1).first().asString().startsWith("insert marks:2");
                    assertThat(late.catchUp()).isEmpty();
                }
                early.catchUp(fixture.database());
            }
        }
    }

    @SomeVersion
    void deliversTheBootstrapOfEmptyTables(int version) {
        try (SourceFixture fixture = withTables(version, 0)) {
            Recorder recorder = fixture.bootstrap();
            Recorder.Snapshot snapshot = recorder.snapshot();
            assertThat(snapshot.started().labels()).containsExactlyInAnyOrder("items", "batches", "marks");
            assertThat(snapshot.rows()).isEmpty();
            assertThat(snapshot.completed().rows()).isZero();
            assertThat(snapshot.completed().position())
                    .isEqualTo(snapshot.started().position());
            fixture.execute("INSERT INTO items VALUES (1, 0, '')");
            assertThat(recorder.changes()).containsExactly("insert items:1 {id=1, version=0, payload=\"\"}");
        }
    }

    @SomeVersion
    void holdsTheServerBackWhenASubscriberDoesNotReadItsBootstrap(int version) {
        try (SourceFixture fixture = withTables(version, 0)) {
            fixture.execute("INSERT INTO items SELECT i, 0, repeat('x', 10000) FROM generate_series(1, 3000) AS i");
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(10).withDispatchBufferCapacity(2));
            try (Subscription subscription = source.subscribe(BOOTSTRAP)) {
                source.start();
                awaitBlockedCopy(fixture);
                try (Follower follower = Follower.of(subscription, new DeliveryCheck())) {
                    follower.catchUp(fixture.database());
                    follower.check().assertEqualsTables(fixture.database());
                }
            }
        }
    }

    /** The server has filled the buffers between it and the source, and waits until that reads on. */
    private static void awaitBlockedCopy(SourceFixture fixture) {
        Await.until(
                "the server waits for the reader of the snapshot",
                () -> !fixture.database()
                        .query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND query LIKE 'COPY%'"
                                + " AND datname = current_database()")
                        .isEmpty());
    }

    @SomeVersion
    void endsABootstrapThatNobodyWaitsForAnyMore(int version) throws Exception {
        try (SourceFixture fixture = withTables(version, 0)) {
            fixture.execute("INSERT INTO items SELECT i, 0, repeat('x', 10000) FROM generate_series(1, 3000) AS i");
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(10).withDispatchBufferCapacity(2));
            try (Recorder abandoned = fixture.record(source, BOOTSTRAP)) {
                source.start();
                abandoned.next(SourceEvent.BootstrapStarted.class);
                abandoned.next(SourceEvent.BootstrapBatch.class);
                awaitBlockedCopy(fixture);
            }
            awaitConnections(fixture, 1);
            assertThat(SourceTraces.slots(fixture))
                    .containsExactly(fixture.slotName(), fixture.slotName() + "_bootstrapping");
            fixture.execute("UPDATE items SET version = 1 WHERE id <= 500");
            try (Follower next = Follower.of(source, BOOTSTRAP)) {
                next.awaitBootstrap();
                assertThat(next.check().bootstrapRows()).isEqualTo(3000);
                next.catchUp(fixture.database());
                next.check().assertEqualsTables(fixture.database());
                SourceTraces.awaitSlots(fixture, fixture.slotName());
            }
        }
    }

    @SomeVersion
    void goesOnForOthersWhenABootstrapIsAbandoned(int version) throws Exception {
        try (SourceFixture fixture = withTables(version, 0)) {
            fixture.execute("INSERT INTO items SELECT i, 0, repeat('x', 10000) FROM generate_series(1, 3000) AS i");
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(10).withDispatchBufferCapacity(2));
            try (Follower other = Follower.of(source, STREAM)) {
                source.start();
                fixture.awaitStreaming(source);
                other.catchUp(fixture.database());
                try (Subscription abandoned = source.subscribe(BOOTSTRAP)) {
                    assertThat(abandoned.poll(TIMEOUT)).containsInstanceOf(SourceEvent.BootstrapStarted.class);
                    awaitBlockedCopy(fixture);
                    fixture.execute("INSERT INTO batches (changes) VALUES (0)");
                }
                other.catchUp(fixture.database());
                assertThat(other.check().has("batches", 1)).isTrue();
                SourceTraces.awaitSlots(fixture, fixture.slotName());
            }
        }
    }

    @EachVersion
    void marksTheSlotUntilTheBootstrapIsConfirmed(int version) {
        try (SourceFixture fixture = withTables(version, 10)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Recorder recorder = fixture.record(source, BOOTSTRAP, false)) {
                assertThat(SourceTraces.slots(fixture)).isEmpty();
                source.start();
                Recorder.Snapshot snapshot = recorder.snapshot();
                String marker = fixture.slotName() + "_bootstrapping";
                assertThat(SourceTraces.slots(fixture)).containsExactly(fixture.slotName(), marker);
                assertThat(fixture.server()
                                .queryOne(
                                        "SELECT concat_ws(' ', slot_type, temporary, coalesce(restart_lsn::text, 'pins nothing'))"
                                                + " FROM pg_replication_slots WHERE slot_name = '" + marker + "'"))
                        .isEqualTo("physical f pins nothing");
                assertThat(source.slotExists()).isFalse();
                fixture.awaitStreaming(source);
                fixture.execute("INSERT INTO marks DEFAULT VALUES");
                assertThat(recorder.changes()).hasSize(1);
                assertThat(SourceTraces.slots(fixture)).containsExactly(fixture.slotName(), marker);
                recorder.confirm(snapshot.completed());
                SourceTraces.awaitSlots(fixture, fixture.slotName());
                assertThat(source.slotExists()).isTrue();
            }
        }
    }

    /** A stopped run whose bootstrap nobody confirmed is not gone on from. */
    @SomeVersion
    void beginsAgainWithANewSlotWhenTheLastBootstrapWasNotConfirmed(int version) {
        try (SourceFixture fixture = withTables(version, 10)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            try (Recorder recorder = fixture.record(source, BOOTSTRAP, false)) {
                source.start();
                recorder.snapshot();
                source.stop();
            }
            fixture.execute("DELETE FROM items WHERE id < 5");
            try (Recorder recorder = fixture.record(source, BOOTSTRAP, false)) {
                source.start();
                Recorder.Snapshot snapshot = recorder.snapshot();
                assertThat(snapshot.rows()).hasSize(5);
                assertThat(fixture.confirmedFlushLsn())
                        .as("where the new slot begins")
                        .contains(new Lsn(snapshot.started().position().commitLsn()));
                recorder.confirm(snapshot.completed());
                SourceTraces.awaitSlots(fixture, fixture.slotName());
                assertThat(recorder.catchUp()).isEmpty();
            }
        }
    }

    @SomeVersion
    void takesTheLongestSlotName(int version) {
        String longest = "long_" + version + "_" + "x".repeat(63 - 8);
        try (SourceFixture fixture = withTables(version, 10)) {
            fixture.server()
                    .query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                            + " WHERE slot_name LIKE 'long\\_%'");
            PostgresReplicationSource source = fixture.source(fixture.builder().withSlotName(longest));
            try (Recorder recorder = fixture.record(source, BOOTSTRAP, false)) {
                source.start();
                Recorder.Snapshot snapshot = recorder.snapshot();
                List<String> both = longSlots(fixture);
                assertThat(both)
                        .hasSize(2)
                        .contains(longest)
                        .allSatisfy(name -> assertThat(name).hasSize(63));
                assertThat(both.get(0)).endsWith("_bootstrapping");
                recorder.confirm(snapshot.completed());
                Await.until("the marker is dropped", () -> longSlots(fixture).equals(List.of(longest)));
                try (Follower late = Follower.of(
                        source, SubscriptionSettings.forQuery("late").withBootstrap())) {
                    late.catchUp(fixture.database());
                    late.check().assertEqualsTables(fixture.database());
                }
            }
        }
    }

    private static List<String> longSlots(SourceFixture fixture) {
        return fixture
                .server()
                .query("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'long\\_%' AND NOT temporary"
                        + " ORDER BY 1")
                .stream()
                .map(row -> row.get(0))
                .toList();
    }

    private static SourceFixture withTables(int version, int rows) {
        SourceFixture fixture = SourceFixture.on(version);
        Writers.createTables(fixture.database(), rows);
        fixture.publishAllTables();
        return fixture;
    }

    private static void awaitConnections(SourceFixture fixture, int count) {
        Await.until(
                "the source has " + count + " connections",
                () -> fixture.database()
                        .queryOne("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drasi source'"
                                + " AND datname = current_database()")
                        .equals(Integer.toString(count)));
    }
}
