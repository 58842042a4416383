// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.config.OnPositionLost;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.testkit.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A primary that dies under load, and a standby with a copy of the slot that takes its place. */
class FailoverIT {
    static List<Integer> versions() {
        return StandbyPair.versionsFrom(17);
    }

    /**
     * What is right, the new primary says: each of its rows was delivered once. A commit that the old one had acknowledged may
     * be missing there, as replication is asynchronous here, and then must not have been delivered.
     */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void losesNothingAndRepeatsNothingWhenTheStandbyIsPromotedUnderLoad(int version) throws Exception {
        try (StandbyPair pair = StandbyPair.start(
                version,
                "CREATE TABLE t (id bigint PRIMARY KEY, writer int)",
                "INSERT INTO t SELECT -i, 0 FROM generate_series(1, 10) AS i",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES")) {
            pair.synchronizeStandby();
            PostgresReplicationSource source = pair.fixture()
                    .source(pair.builder()
                            .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                            .withFailoverSlot(true));
            Recorder recorder = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("all").withBootstrap());
            source.start();
            assertThat(recorder.snapshot().rows()).hasSize(10);
            pair.awaitSlotOnStandby(recorder);
            try (Load load = new Load(pair)) {
                Await.until("some of it is delivered", () -> {
                    recorder.takeWaiting();
                    return recorder.events().size() > 300 && load.committed() > 500;
                });
                pair.primary().kill();
            }
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t SELECT -i, 0 FROM generate_series(11, 20) AS i");
            recorder.catchUp(pair.walEndOfStandby());
            passesOverTheOldPrimary(pair, recorder);

            List<String> delivered = delivered(recorder);
            assertThat(delivered).hasSizeGreaterThan(200).doesNotHaveDuplicates();
            assertThat(delivered)
                    .containsExactlyInAnyOrderElementsOf(
                            pair
                                    .onStandby()
                                    .query("SELECT 'insert t:' || id FROM t WHERE id NOT BETWEEN -10 AND -1")
                                    .stream()
                                    .map(row -> row.get(0))
                                    .toList());
        }
    }

    /** A position in a store is one of a timeline, and the process that comes next knows that. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void goesOnFromAStoredPositionOnThePromotedServerAndNotOnTheOldOne(int version) {
        GatedStore store = new GatedStore();
        try (StandbyPair pair = StandbyPair.start(
                        version,
                        "CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
                Logged logged = new Logged()) {
            pair.synchronizeStandby();
            PostgresReplicationSource.Builder builder = pair.builder()
                    .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                    .withFailoverSlot(true)
                    .withPositionStore(store);
            Recorder recorder = pair.fixture().stream(builder);
            pair.awaitSlotOnStandby(recorder);
            pair.fixture().execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            pair.fixture().closeSources();
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            pair.awaitReplay();
            pair.primary().kill();
            pair.standby().promote();

            Recorder second = pair.fixture().stream(builder);
            assertThat(second.changes()).containsExactly("insert t:2 {id=2}");
            Await.until(
                    "the position is one of the new timeline",
                    () -> timeline(store).endsWith("timeline 2"));
            pair.fixture().closeSources();

            pair.onStandby().execute("INSERT INTO t VALUES (3)");
            pair.primary().start(); // as a primary, and the source's first host
            pair.primary().setConfig("synchronized_standby_slots", "");
            pair.primary().reload();
            Recorder third = pair.fixture().stream(builder);
            assertThat(third.changes()).containsExactly("insert t:3 {id=3}");
            assertThat(logged.messages())
                    .anyMatch(message -> message.contains("127.0.0.1:"
                            + pair.primary().port()
                            + " is on timeline 1, but a stored position is one of a later timeline"));
            pair.fixture().closeSources();

            Recorder alone =
                    OtherServerIT.started(pair, pair.fixture().builder().withPositionStore(store));
            assertThatThrownBy(alone::next)
                    .hasStackTraceContaining(
                            "the stored position is one of timeline 2, but the server is on timeline 1");
        }
    }

    /** A stop because of that is not forgotten when the process starts again, however long the new log is by then. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void refusesAStoredPositionThatThePromotedServerLacks(int version) {
        GatedStore store = new GatedStore();
        try (StandbyPair pair = StandbyPair.start(
                version,
                "CREATE TABLE t (id int PRIMARY KEY)",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES")) {
            PostgresReplicationSource.Builder builder =
                    pair.builder().withFailoverSlot(true).withPositionStore(store);
            Recorder recorder = pair.fixture().stream(builder);
            pair.awaitSlotOnStandby(recorder);
            pair.standby().stopFast();
            pair.fixture().execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            pair.fixture().closeSources();
            pair.primary().kill();
            pair.standby().start();
            pair.standby().promote();
            pair.onStandby().execute("INSERT INTO t SELECT generate_series(2, 10000)");

            Recorder again = OtherServerIT.started(pair, builder);
            assertThatThrownBy(again::next)
                    .hasStackTraceContaining("the server was promoted when it had the log up to")
                    .hasStackTraceContaining("Remove the position from the store");
        }
    }

    private static String timeline(GatedStore store) {
        return store.load(SourceFixture.QUERY_ID).orElseThrow().origin();
    }

    /** It lacks nothing that was delivered, but the slot. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void startsOverOnAPromotedStandbyWithoutTheSlotIfToldSo(int version) {
        try (StandbyPair pair = StandbyPair.start(
                version,
                "CREATE TABLE t (id int PRIMARY KEY)",
                "INSERT INTO t VALUES (1)",
                "CREATE PUBLICATION drasi_publication FOR ALL TABLES")) {
            PostgresReplicationSource source = pair.fixture()
                    .source(pair.builder()
                            .withTargetSessionAttributes(TargetSessionAttributes.PRIMARY)
                            .withOnPositionLost(OnPositionLost.BOOTSTRAP));
            Recorder recorder = pair.fixture()
                    .record(source, SubscriptionSettings.forQuery("all").withBootstrap());
            source.start();
            assertThat(recorder.snapshot().rows()).hasSize(1);
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
            pair.primary().stopFast(); // sends the standby everything first
            pair.standby().promote();

            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {id=1}", "insert t:2 {id=2}");
            pair.onStandby().execute("INSERT INTO t VALUES (3)");
            assertThat(recorder.changes()).containsExactly("insert t:3 {id=3}");
        }
    }

    /**
     * The standby comes first and any server would do: without its slot, and while it is a standby, the source goes to the
     * primary. What the primary sends the standby does not have here, so that what it becomes is not gone on from.
     */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void refusesAPromotedStandbyThatLacksWhatWasDelivered(int version) {
        try (StandbyPair pair = StandbyPair.start(
                        version,
                        "CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
                Logged logged = new Logged()) {
            PostgresReplicationSource.Builder standbyFirst = pair.fixture()
                    .builder()
                    .withHost("127.0.0.1,127.0.0.1")
                    .withPort(pair.standby().port() + "," + pair.primary().port());
            Recorder first = pair.fixture().stream(standbyFirst.withFailoverSlot(true));
            assertThat(logged.messages())
                    .anyMatch(
                            message -> message.contains("failover_slot needs the primary, but the server is a standby"))
                    .anyMatch(message -> message.contains("synchronized_standby_slots of the server is empty"));
            pair.awaitSlotOnStandby(first);
            first.close();
            pair.fixture().closeSources();

            Recorder recorder = pair.fixture().stream(standbyFirst.withFailoverSlot(false));
            assertThat(logged.messages())
                    .anyMatch(message -> message.contains("is kept up for the case that it is promoted"));
            pair.standby().stopFast();
            pair.fixture().execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            pair.primary().kill();
            pair.standby().start();
            pair.standby().promote();
            // More log than the old primary had, so that the position exists there too.
            pair.onStandby().execute("INSERT INTO t SELECT generate_series(2, 10000)");
            Await.until("the source stops", () -> recorder.source().status().status() == ComponentStatus.ERROR);
            assertThat(recorder.source().status().cause().orElseThrow())
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining(
                            "the server at 127.0.0.1:" + pair.standby().port() + " was promoted when it had the")
                    .hasMessageContaining("(timeline 2 leaves timeline 1 there), but it was read up to")
                    .hasMessageContaining("synchronized_standby_slots");
        }
    }

    /** What the standby does not have the source is not given either: it would be lost in a promotion. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void waitsForAStandbyThatIsDown(int version) {
        try (StandbyPair pair = StandbyPair.start(
                        version,
                        "CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
                Logged logged = new Logged()) {
            pair.synchronizeStandby();
            Recorder recorder = pair.fixture().stream(pair.builder().withFailoverSlot(true));
            pair.fixture().execute("INSERT INTO t VALUES (1)");
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            pair.standby().stopFast();
            pair.fixture().execute("INSERT INTO t VALUES (2)");
            Await.until(
                    "the server says that it waits",
                    () -> logged.messages().stream()
                            .anyMatch(message ->
                                    message.contains("\"synchronized_standby_slots\" does not have active_pid")));
            assertThat(recorder.source().status().status()).isEqualTo(ComponentStatus.RUNNING);
            int given = recorder.events().size();
            recorder.takeWaiting();
            assertThat(recorder.events()).hasSize(given);
            pair.standby().start();
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    /** The server does not wait for a standby then, but says so with an error that looks like a loss. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @MethodSource("versions")
    void goesOnAfterARestartOfThePrimaryWhileAStandbyIsDown(int version) {
        try (StandbyPair pair = StandbyPair.start(
                        version,
                        "CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
                Logged logged = new Logged()) {
            pair.synchronizeStandby();
            Recorder recorder = pair.fixture().stream(pair.builder().withFailoverSlot(true));
            pair.standby().stopFast();
            pair.fixture().execute("INSERT INTO t VALUES (1)");
            Await.until(
                    "the server says that it waits",
                    () -> logged.messages().stream()
                            .anyMatch(message ->
                                    message.contains("\"synchronized_standby_slots\" does not have active_pid")));
            pair.primary().restart();
            pair.standby().start();
            assertThat(recorder.changes()).containsExactly("insert t:1 {id=1}");
            assertThat(logged.messages())
                    .anyMatch(message -> message.contains("The server ends without what a standby lacks"));
        }
    }

    /** The old primary writes on, which no one may take for changes of the database. */
    private static void passesOverTheOldPrimary(StandbyPair pair, Recorder recorder) {
        try (Logged logged = new Logged()) {
            pair.primary().start();
            pair.primary().setConfig("synchronized_standby_slots", "");
            pair.primary().reload();
            pair.fixture().execute("INSERT INTO t VALUES (-100, 0)");
            pair.standby()
                    .query(
                            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL");
            pair.onStandby().execute("INSERT INTO t VALUES (-21, 0)");
            recorder.catchUp(pair.walEndOfStandby());
            assertThat(logged.messages())
                    .anyMatch(message ->
                            message.contains("127.0.0.1:" + pair.primary().port()
                                    + " is on timeline 1, but timeline 2 was read before: it was the primary before"));
        }
    }

    /** Also checks that the positions grow. */
    private static List<String> delivered(Recorder recorder) {
        List<String> delivered = new ArrayList<>();
        Position last = Position.before(0);
        for (SourceEvent event : recorder.events()) {
            if (event instanceof SourceEvent.Transaction transaction) {
                for (Recorder.Placed placed : Recorder.placed(transaction)) {
                    assertThat(placed.position()).isGreaterThan(last);
                    last = placed.position();
                    String readable = ReadableChange.of(placed.change());
                    delivered.add(readable.substring(0, readable.indexOf(" {")));
                }
            }
        }
        return delivered;
    }

    /** Sessions that write until the server is gone. */
    private static final class Load implements AutoCloseable {
        private static final int WRITERS = 3;

        private volatile boolean over;
        private final AtomicInteger committed = new AtomicInteger();
        private final List<Thread> threads = new ArrayList<>();

        Load(StandbyPair pair) {
            for (int i = 1; i <= WRITERS; i++) {
                int writer = i;
                Connection connection = pair.fixture().database().connect();
                Thread thread = new Thread(() -> write(connection, writer), "writer " + writer);
                thread.start();
                threads.add(thread);
            }
        }

        private void write(Connection connection, int writer) {
            try (connection;
                    Statement statement = connection.createStatement()) {
                for (int i = 1; !over; i++) {
                    statement.execute("INSERT INTO t VALUES (" + (i * 10L + writer) + ", " + writer + ")");
                    committed.incrementAndGet();
                }
            } catch (SQLException e) {
                assertThat(e.getSQLState()).as(e.getMessage()).startsWith("08");
            }
        }

        int committed() {
            return committed.get();
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }
}
