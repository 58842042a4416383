// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bootstraps beside a stream, at moments at which their subscriber does not read on. */
class LateBootstrapIT {
    private static final String THREAD = "drasi-source-bootstrap";
    private static final int CAPACITY = 3;

    private static final SubscriptionSettings EARLY =
            SubscriptionSettings.forQuery("early").withBootstrap();
    private static final SubscriptionSettings LATE =
            SubscriptionSettings.forQuery("late").withBootstrap();

    @SomeVersion
    void givesTheOthersEverythingWhileALateOneDoesNotReadItsBootstrap(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsBootstrap(LATE);
            setup.assertEarlyGoesOn();
            setup.assertEqualInTheEnd(late);
        }
    }

    @SomeVersion
    void givesTheOthersEverythingWhileALateOneDoesNotCatchUp(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.assertEarlyGoesOn();
            assertThat(setup.bytesThatWaitOnTheServer())
                    .as("what the late one lacks is not in memory")
                    .isGreaterThan(5_000_000);
            setup.assertEqualInTheEnd(late);
        }
    }

    /** A broadcast drops for those who lag; not for one that could do nothing for it. */
    @SomeVersion
    void doesNotLagBehindABroadcastByWhatHasCommittedDuringItsBootstrap(int version) {
        try (Setup setup = new Setup(version, DispatchMode.BROADCAST, 200)) {
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.assertEarlyGoesOn();
            setup.assertEqualInTheEnd(late);
        }
    }

    @SomeVersion
    void leavesNothingBehindWhenTheSubscriberIsClosed(int version) {
        try (Setup setup = new Setup(version)) {
            setup.lateInItsBootstrap(LATE).close();
            setup.assertNothingOfALateOneLeft();
            setup.lateInItsCatchUp(LATE).close();
            setup.assertNothingOfALateOneLeft();
            setup.assertEarlyGoesOn();
            setup.assertEqualInTheEnd(setup.record(LATE));
        }
    }

    @SomeVersion
    void isSharedByThoseWhoAskWhileAnotherIsUnderWay(int version) {
        try (Setup setup = new Setup(version, DispatchMode.CHANNEL, 100)) {
            Recorder first = setup.lateInItsBootstrap(LATE);
            Recorder second =
                    setup.record(SubscriptionSettings.forQuery("second").withBootstrap());
            Recorder third = setup.record(
                    SubscriptionSettings.forQuery("third").withBootstrap().withLabels("marks"));
            setup.mark(1);
            Setup.takeBootstrap(first);
            SourceEvent.BootstrapStarted next = third.next(SourceEvent.BootstrapStarted.class);
            assertThat(second.next(SourceEvent.BootstrapStarted.class).position())
                    .isEqualTo(next.position())
                    .isGreaterThan(
                            ((SourceEvent.BootstrapStarted) first.events().get(0)).position());
            setup.mark(1);
            setup.assertEqualInTheEnd(second);
            setup.assertEqualInTheEnd(first);
            assertThat(TableMirror.of(third.events()).labels()).as("until now").isSubsetOf("marks");
            third.close();
            setup.assertNothingOfALateOneLeft();
        }
    }

    @SomeVersion
    void goesOnWithTheSharedStreamWhenItsOwnBreaks(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.assertEarlyGoesOn(); // more than its connection holds when it breaks
            setup.fixture.server().query("SELECT pg_terminate_backend(pid) FROM " + setup.ownWalsender());
            Await.until(
                    "its slot is gone", () -> SourceTraces.slots(setup.fixture).size() <= 2);
            setup.mark(10);
            setup.assertEqualInTheEnd(late);
            assertThat(setup.walsender).isNotEqualTo(SourceTraces.awaitWalsender(setup.fixture));
            assertThat(late.events())
                    .filteredOn(SourceEvent.BootstrapStarted.class::isInstance)
                    .hasSize(1);
        }
    }

    @SomeVersion
    void endsPromptlyWithTheSource(int version) {
        List<BiConsumer<Setup, SubscriptionSettings>> places =
                List.of(Setup::lateInItsBootstrap, Setup::lateInItsCatchUp);
        for (BiConsumer<Setup, SubscriptionSettings> place : places) {
            try (Setup setup = new Setup(version)) {
                place.accept(setup, LATE);
                setup.catchUpEarly();
                SourceTraces.stopPromptly(setup.source);
                SourceTraces.awaitConnections(setup.fixture, 0);
                Await.until(
                        "no temporary slot is left",
                        () -> SourceTraces.slots(setup.fixture).size() <= 2);
            }
        }
    }

    /** Also those who are given a bootstrap at that moment, after what waits for them. */
    @SomeVersion
    void tellsAllWhyTheSourceFailsInTheMeantime(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsBootstrap(LATE);
            setup.catchUpEarly();
            setup.dropSlot();
            Await.until("the source fails", () -> setup.source.status().status() == ComponentStatus.ERROR);
            Await.until("the early one is told", () -> setup.early.failure().isPresent());
            assertThat(setup.early.failure().orElseThrow()).isInstanceOf(PositionUnavailableException.class);
            assertThatThrownBy(() -> takeAll(late)).isInstanceOf(PositionUnavailableException.class);
            Await.until("its threads end", () -> SourceTraces.threads().isEmpty());
            SourceTraces.awaitConnections(setup.fixture, 0);
            setup.early.close();
        }
    }

    private static void takeAll(Recorder recorder) {
        while (true) {
            recorder.next();
        }
    }

    /** It would be given two at once. */
    @SomeVersion
    void isEndedWhenTheSlotIsMadeAnewForThoseWhoWait(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsBootstrap(LATE);
            setup.catchUpEarly();
            setup.early.close();
            setup.dropSlot();
            Await.until(
                    "the slot is made anew",
                    () -> setup.fixture.confirmedFlushLsn().isPresent());
            while (!(late.next() instanceof SourceEvent.BootstrapStarted)) {
                // of the first try
            }
            Setup.takeBootstrap(late);
            late.catchUp();
            setup.assertEqualsTables(late);
        }
    }

    @SomeVersion
    void announcesWhatIsAlteredWhileItCatchesUpOnceAndInItsPlace(int version) {
        try (Setup setup = new Setup(version, DispatchMode.CHANNEL, 100)) {
            Recorder second =
                    setup.record(SubscriptionSettings.forQuery("second").withLabels("items"));
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.fixture.execute(
                    "INSERT INTO items VALUES (1, 0, 'a')",
                    "ALTER TABLE items ADD COLUMN added int",
                    "INSERT INTO items VALUES (2, 0, 'b', 8)",
                    "BEGIN; INSERT INTO items VALUES (3, 0, 'c', 9); ALTER TABLE items DROP COLUMN text;"
                            + " INSERT INTO items VALUES (4, 0, 10); COMMIT",
                    "UPDATE items SET n = 1");
            setup.mark(1);
            late.catchUp();
            second.catchUp();
            assertThat(announced(late))
                    .containsExactly("column \"added\" was added", "column \"text\" was dropped")
                    .isEqualTo(announced(second));
            setup.assertEqualsTables(late);
            assertThat(SourceTraces.awaitWalsender(setup.fixture)).isEqualTo(setup.walsender);
        }
    }

    @SomeVersion
    void isGivenAnotherWhenATableIsRenamedWhileItCatchesUp(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.fixture.execute(
                    "INSERT INTO items VALUES (1, 0, 'a')",
                    "ALTER TABLE items RENAME TO things",
                    "INSERT INTO things VALUES (2, 0, 'b')");
            setup.mark(1);
            late.catchUpWithBootstraps();
            assertThat(announced(late)).containsExactly("table items was renamed to things");
            assertThat(late.events())
                    .filteredOn(SourceEvent.BootstrapStarted.class::isInstance)
                    .hasSize(2);
            TableMirror mirror = TableMirror.of(late.events());
            mirror.assertEqualsTable(setup.fixture.database(), "things", "things");
            mirror.assertEqualsTable(setup.fixture.database(), "marks", "marks");
            assertThat(mirror.labels()).doesNotContain("items");
            setup.catchUpEarly("things", "marks", "large");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void isGivenATruncateThatCommitsWhileItCatchesUp(int version) {
        try (Setup setup = new Setup(version)) {
            Recorder late = setup.lateInItsCatchUp(LATE);
            setup.fixture.execute(
                    "INSERT INTO items VALUES (1, 0, 'a')",
                    "TRUNCATE items, large",
                    "INSERT INTO items VALUES (1, 0, 'b')");
            setup.mark(1);
            setup.assertEqualInTheEnd(late);
        }
    }

    /** Nobody looks for it any more in that moment, unless somebody says so. */
    @Test
    void isGivenToOneThatAsksWhenTheOneBeforeHasJustHadIts() {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            fixture.record(source, EARLY);
            source.start();
            for (int i = 0; i < 25; i++) {
                try (Recorder late = fixture.record(source, LATE)) {
                    assertThat(late.snapshot().rows()).hasSize(1);
                }
            }
        }
    }

    /** It needs two of them besides that of the stream. */
    @ParameterizedTest(name = "with {0} slots")
    @ValueSource(ints = {1, 2})
    void isRefusedForWantOfASlotWhileTheOthersGoOn(int slots) {
        try (PostgresServer server = PostgresServer.builder(18)
                        .setting("max_replication_slots", Integer.toString(slots))
                        .start();
                SourceFixture fixture = SourceFixture.on(server)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder early = fixture.stream();
            String walsender = SourceTraces.awaitWalsender(fixture);
            Recorder late = fixture.record(early.source(), LATE);
            assertThatThrownBy(late::next)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("max_replication_slots");
            fixture.execute("INSERT INTO t VALUES (1)");
            assertThat(early.changes()).containsExactly("insert t:1 {id=1}");
            assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
            SourceTraces.awaitSlots(fixture, fixture.slotName());
        }
    }

    private static List<String> announced(Recorder recorder) {
        return recorder.events().stream()
                .filter(SourceEvent.SchemaChanged.class::isInstance)
                .flatMap(event -> ((SourceEvent.SchemaChanged) event).changes().stream())
                .toList();
    }

    /** A source that streams to an early subscriber, which has had its bootstrap and follows. */
    private static final class Setup implements AutoCloseable {
        private static final String[] TABLES = {"items", "marks", "large"};
        private static final int MORE_THAN_FITS = 50;

        final SourceFixture fixture;
        final PostgresReplicationSource source;
        final MirroringFollower early;
        final String walsender;
        private final int capacity;

        Setup(int version) {
            this(version, DispatchMode.CHANNEL, CAPACITY);
        }

        Setup(int version, DispatchMode mode, int capacity) {
            this.capacity = capacity;
            fixture = SourceFixture.on(version);
            fixture.execute(
                    "CREATE TABLE items (id int PRIMARY KEY, n int, text text)",
                    "CREATE TABLE marks (id serial PRIMARY KEY)",
                    // More than the buffers between server and source hold.
                    "CREATE TABLE large (id int PRIMARY KEY, text text)",
                    "ALTER TABLE large ALTER COLUMN text SET STORAGE EXTERNAL", // takes as much of the log as it is
                    // long
                    "INSERT INTO large SELECT i, repeat('x', 8000) FROM generate_series(1, 1600) AS i");
            fixture.publishAllTables();
            source = fixture.source(fixture.builder()
                    .withDispatchMode(mode)
                    .withDispatchBufferCapacity(capacity)
                    .withBootstrapBatchSize(20));
            early = new MirroringFollower(source.subscribe(EARLY));
            source.start();
            catchUpEarly();
            Await.until("the first bootstrap is settled", source::slotExists);
            walsender = SourceTraces.awaitWalsender(fixture);
        }

        Recorder record(SubscriptionSettings settings) {
            return fixture.record(source, settings);
        }

        void mark(int count) {
            fixture.execute(Collections.nCopies(count, "INSERT INTO marks DEFAULT VALUES")
                    .toArray(String[]::new));
        }

        /** A subscriber whose queue is full with its bootstrap, most of which is still to come. */
        Recorder lateInItsBootstrap(SubscriptionSettings settings) {
            Recorder late = record(settings);
            late.next(SourceEvent.BootstrapStarted.class);
            late.next(SourceEvent.BootstrapBatch.class);
            Await.until(
                    "the server waits for its bootstrap",
                    () -> !fixture.database()
                            .query(
                                    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND query LIKE 'COPY%'"
                                            + " AND datname = current_database()")
                            .isEmpty());
            SourceTraces.awaitThreadAtFullQueue(THREAD);
            return late;
        }

        /** A subscriber that has taken all of its bootstrap, and whose queue is full with what has committed since. */
        Recorder lateInItsCatchUp(SubscriptionSettings settings) {
            Recorder late = lateInItsBootstrap(settings);
            for (int marks = 0; marks < capacity + MORE_THAN_FITS; marks += MORE_THAN_FITS) {
                mark(MORE_THAN_FITS);
                early.catchUp(fixture.database()); // else the late one might join the shared stream at once
            }
            takeBootstrap(late);
            Await.until(
                    "it catches up",
                    () -> !fixture.server()
                            .query("SELECT pid FROM " + ownWalsender())
                            .isEmpty());
            SourceTraces.awaitThreadAtFullQueue(THREAD);
            return late;
        }

        /** The rest of a bootstrap. */
        static void takeBootstrap(Recorder late) {
            while (!(late.next() instanceof SourceEvent.BootstrapCompleted)) {
                // the rows
            }
        }

        /** What streams from the temporary slot. */
        String ownWalsender() {
            return "(SELECT r.pid, r.sent_lsn FROM pg_stat_replication r JOIN pg_replication_slots s"
                    + " ON s.active_pid = r.pid WHERE s.temporary AND r.state <> 'startup' AND s.slot_name LIKE '"
                    + fixture.slotName() + "\\_%') own";
        }

        /** What the server has written and not yet sent to the late subscriber. */
        long bytesThatWaitOnTheServer() {
            return Long.parseLong(fixture.server()
                    .queryOne("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn)::bigint FROM " + ownWalsender()));
        }

        /** More commits than any queue or buffer holds, and the early subscriber is given all of them in one stream. */
        void assertEarlyGoesOn() {
            fixture.execute(IntStream.rangeClosed(1, 20)
                    .mapToObj(n -> "INSERT INTO large SELECT " + n + " * 10000 + i, repeat(md5(i::text), 250)"
                            + " FROM generate_series(1, 200) AS i")
                    .toArray(String[]::new));
            mark(MORE_THAN_FITS);
            catchUpEarly("marks");
            assertThat(SourceTraces.awaitWalsender(fixture)).isEqualTo(walsender);
            assertThat(early.events())
                    .filteredOn(SourceEvent.BootstrapStarted.class::isInstance)
                    .hasSize(1);
        }

        void catchUpEarly(String... tables) {
            early.catchUp(fixture.database(), List.of(tables.length > 0 ? tables : TABLES));
        }

        void assertEqualInTheEnd(Recorder late) {
            late.catchUpWithBootstraps();
            assertEqualsTables(late);
            catchUpEarly();
        }

        void assertEqualsTables(Recorder late) {
            TableMirror mirror = TableMirror.of(late.events());
            for (String table : TABLES) {
                mirror.assertEqualsTable(fixture.database(), table, table);
            }
        }

        void assertNothingOfALateOneLeft() {
            SourceTraces.awaitSlots(fixture, fixture.slotName());
            SourceTraces.awaitOnlyStream(fixture);
        }

        void dropSlot() {
            fixture.execute("DO $$ BEGIN FOR i IN 1 .. 1000 LOOP"
                    + " PERFORM pg_terminate_backend(active_pid), pg_sleep(0.005) FROM pg_replication_slots"
                    + " WHERE slot_name = '" + fixture.slotName() + "' AND active;"
                    + " BEGIN PERFORM pg_drop_replication_slot('" + fixture.slotName() + "'); EXIT;"
                    + " EXCEPTION WHEN object_in_use THEN NULL; END; END LOOP; END $$");
        }

        @Override
        public void close() {
            early.close();
            fixture.close();
        }
    }
}
