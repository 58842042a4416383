// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.store.FilePositionStore;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Transactions that are prepared for a two-phase commit: given once and whole when they are committed, never when they are rolled
 * back; and with two_phase, told of when they are prepared.
 */
class PreparedTransactionsIT {
    private static final SubscriptionSettings TOLD =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withPrepared();
    private static final int MANY = 3000;

    @TempDir
    Path directory;

    static IntStream versions() {
        return PostgresVersion.available().stream().mapToInt(PostgresVersion::major);
    }

    static IntStream withTwoPhase() {
        return versions().filter(version -> version >= 15);
    }

    static IntStream withoutTwoPhase() {
        return versions().filter(version -> version < 15);
    }

    private static PostgresServer server(int version) {
        PostgresServer.Builder builder = PostgresServer.builder(version).setting("max_prepared_transactions", "20");
        if (version >= 14) {
            builder.setting("logical_decoding_work_mem", "64kB");
        }
        return builder.start();
    }

    private static SourceFixture fixture(PostgresServer server) {
        SourceFixture fixture = SourceFixture.on(server);
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY, name text)");
        fixture.publishAllTables();
        return fixture;
    }

    private static String prepare(String gid, int id) {
        return "BEGIN; INSERT INTO users VALUES (" + id + ", '" + gid + "'); PREPARE TRANSACTION '" + gid + "'";
    }

    /** More than the server keeps in memory, so that it streams it; with a part that is rolled back. */
    private static String prepareMany(String gid, int first) {
        return "BEGIN; INSERT INTO users SELECT n, repeat('x', 100) FROM generate_series(" + first + ", "
                + (first + MANY - 1) + ") n; SAVEPOINT s; INSERT INTO users SELECT -n, repeat('y', 100) FROM"
                + " generate_series(1, 2000) n; ROLLBACK TO s; PREPARE TRANSACTION '" + gid + "'";
    }

    private static String insert(int id, String name) {
        return "insert users:" + id + " {id=" + id + ", name=\"" + name + "\"}";
    }

    private static void breakStream(SourceFixture fixture, PostgresReplicationSource source) {
        List<List<String>> broken = fixture.server()
                .query("SELECT active_pid, pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
                        + fixture.slotName() + "'");
        String pid = broken.get(0).get(0);
        Await.until("another stream has begun", () -> {
            SourceFixture.requireNoFailure(source);
            return !fixture.server()
                    .query("SELECT 1 FROM pg_replication_slots WHERE active_pid <> " + pid + " AND slot_name = '"
                            + fixture.slotName() + "'")
                    .isEmpty();
        });
    }

    // ---- without two_phase ----

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("versions")
    void areGivenOnceWhenTheyAreCommitted(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.stream();
            fixture.execute(prepare("a", 1), prepare("b", 2), prepareMany("many", 100), "INSERT INTO users VALUES (3, 'c')");
            assertThat(recorder.changes()).containsExactly(insert(3, "c"));
            fixture.execute("ROLLBACK PREPARED 'b'", "COMMIT PREPARED 'a'", "COMMIT PREPARED 'many'");
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
            assertThat(recorder.transaction().size()).isEqualTo(MANY);
            fixture.execute("INSERT INTO users VALUES (4, 'd')");
            assertThat(recorder.changes()).containsExactly(insert(4, "d"));
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("versions")
    void areGivenOnceAfterServerAndSourceWereStartedAgain(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            commitAfterRestart(fixture, false);
        }
    }

    private void commitAfterRestart(SourceFixture fixture, boolean twoPhase) {
        try (FilePositionStore store = FilePositionStore.open(directory, "source")) {
            Recorder recorder = fixture.stream(
                    fixture.builder().withTwoPhase(twoPhase).withPositionStore(store));
            fixture.execute(
                    prepare("a", 1), prepare("b", 2), prepareMany("many", 100), "INSERT INTO users VALUES (3, 'c')");
            assertThat(recorder.changes()).containsExactly(insert(3, "c"));
            fixture.closeSources();
        }
        fixture.server().restart();
        fixture.execute("ROLLBACK PREPARED 'b'");
        try (FilePositionStore store = FilePositionStore.open(directory, "source")) {
            Recorder recorder = fixture.stream(
                    fixture.builder().withTwoPhase(twoPhase).withPositionStore(store));
            fixture.execute("COMMIT PREPARED 'many'", "COMMIT PREPARED 'a'", "INSERT INTO users VALUES (4, 'd')");
            assertThat(recorder.transaction().size()).isEqualTo(MANY);
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
            assertThat(recorder.changes()).containsExactly(insert(4, "d"));
            fixture.awaitConfirmed(fixture.walEnd());
            fixture.closeSources();
        }
    }

    // ---- with two_phase ----

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withoutTwoPhase")
    void anOlderServerIsRefused(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.publishAllTables();
            try (ObservedSource source =
                    ObservedSource.start(fixture.source(fixture.builder().withTwoPhase(true)), "no secret here")) {
                assertThat(source.awaitError())
                        .isInstanceOf(SetupException.class)
                        .hasMessageContainingAll("two_phase is on", "PostgreSQL 15 is the first", "Leave two_phase off");
            }
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void whoWantsToBeToldOfWhatTheServerDoesNotSayIsRefused(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            assertThatThrownBy(() -> source.subscribe(TOLD))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("set two_phase = true");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void areToldOfAndGivenWhenTheyAreCommitted(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            Recorder untold = fixture.record(recorder.source(), SubscriptionSettings.forQuery("untold"));
            fixture.execute(prepare("a", 1));
            SourceEvent.TransactionPrepared prepared = recorder.next(SourceEvent.TransactionPrepared.class);
            assertThat(prepared.gid()).isEqualTo("a");
            // another transaction uses the table first, which the server has described in the prepared one alone
            fixture.execute("INSERT INTO users VALUES (3, 'c')");
            assertThat(recorder.changes()).containsExactly(insert(3, "c"));
            fixture.execute("COMMIT PREPARED 'a'");
            SourceEvent.Transaction committed = recorder.transaction();
            assertThat(Recorder.readable(committed)).containsExactly(insert(1, "a"));
            assertThat(committed.xid()).isEqualTo(prepared.xid());
            assertThat(Long.compareUnsigned(committed.commitLsn(), prepared.prepareLsn())).isPositive();
            SourceEvent.PreparedTransactionEnded ended = recorder.next(SourceEvent.PreparedTransactionEnded.class);
            assertThat(ended)
                    .isEqualTo(new SourceEvent.PreparedTransactionEnded(
                            "a",
                            prepared.xid(),
                            prepared.prepareLsn(),
                            committed.commitTime(),
                            committed.endLsn(),
                            true));
            assertThat(untold.changes()).containsExactly(insert(3, "c"));
            assertThat(untold.changes()).containsExactly(insert(1, "a"));
            fixture.awaitConfirmed(fixture.walEnd());
        }
    }

    /** The name is used again, by a transaction that is committed. */
    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void whatIsRolledBackIsToldOfAndNeverGiven(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            fixture.execute(prepareMany("a", 100));
            long first = recorder.next(SourceEvent.TransactionPrepared.class).prepareLsn();
            fixture.execute("ROLLBACK PREPARED 'a'", prepare("a", 1));
            SourceEvent.PreparedTransactionEnded ended = recorder.next(SourceEvent.PreparedTransactionEnded.class);
            assertThat(ended.committed()).isFalse();
            assertThat(ended.prepareLsn()).isEqualTo(first);
            long second = recorder.next(SourceEvent.TransactionPrepared.class).prepareLsn();
            assertThat(second).isNotEqualTo(first);
            breakStream(fixture, recorder.source());
            fixture.execute("COMMIT PREPARED 'a'");
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
            ended = recorder.next(SourceEvent.PreparedTransactionEnded.class);
            assertThat(ended.committed()).isTrue();
            assertThat(ended.prepareLsn()).isEqualTo(second);
            fixture.awaitConfirmed(fixture.walEnd());
        }
    }

    /** If more were confirmed than what comes before the PREPARE, the server would send no more than the COMMIT PREPARED. */
    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void areGivenOnceWhenTheStreamBreaksBetweenPrepareAndCommit(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            fixture.execute(prepare("a", 1), prepareMany("many", 100));
            Lsn prepared = new Lsn(recorder.next(SourceEvent.TransactionPrepared.class).prepareLsn());
            recorder.next(SourceEvent.TransactionPrepared.class);
            for (int id = 3; id < 6; id++) {
                fixture.execute("INSERT INTO users VALUES (" + id + ", 'c')");
                assertThat(recorder.changes()).containsExactly(insert(id, "c"));
                Lsn end = fixture.walEnd();
                Await.until(
                        "the stream is there",
                        () -> !recorder.source().handedOverLsn().isBefore(end));
                breakStream(fixture, recorder.source());
                assertThat(fixture.confirmedFlushLsn().orElseThrow()).isLessThanOrEqualTo(prepared);
            }
            fixture.execute("COMMIT PREPARED 'many'");
            assertThat(recorder.transaction().size()).isEqualTo(MANY);
            assertThat(recorder.next(SourceEvent.PreparedTransactionEnded.class).gid()).isEqualTo("many");
            breakStream(fixture, recorder.source());
            fixture.execute("COMMIT PREPARED 'a'", "INSERT INTO users VALUES (9, 'd')");
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
            assertThat(recorder.next(SourceEvent.PreparedTransactionEnded.class).gid()).isEqualTo("a");
            assertThat(recorder.changes()).containsExactly(insert(9, "d"));
            fixture.awaitConfirmed(fixture.walEnd());
        }
    }

    /** What is committed is not confirmed yet when the stream breaks: it comes again, and is given once. */
    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void areHeldUntilTheirCommitIsConfirmed(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withTwoPhase(true));
            Recorder recorder = fixture.record(source, TOLD, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute(prepare("a", 1), "INSERT INTO users VALUES (3, 'c')", "COMMIT PREPARED 'a'");
            Lsn prepared = new Lsn(recorder.next(SourceEvent.TransactionPrepared.class).prepareLsn());
            recorder.subscription().confirm(recorder.transaction());
            SourceEvent.Transaction committed = recorder.transaction();
            recorder.next(SourceEvent.PreparedTransactionEnded.class);
            breakStream(fixture, source);
            assertThat(fixture.confirmedFlushLsn().orElseThrow()).isLessThanOrEqualTo(prepared);
            fixture.execute("INSERT INTO users VALUES (4, 'd')");
            assertThat(recorder.changes()).containsExactly(insert(4, "d"));
            recorder.subscription().confirm(committed);
            fixture.awaitConfirmed(new Lsn(committed.endLsn()));
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void areGivenOnceAfterServerAndSourceWereStartedAgainWithTwoPhase(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            commitAfterRestart(fixture, true);
        }
    }

    /** The slot goes on to send prepared transactions when they are prepared, once it was asked to. */
    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void areGivenOnceWhenTwoPhaseIsTurnedOnAndOff(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.stream();
            fixture.execute(prepare("before", 1), "INSERT INTO users VALUES (11, 'x')");
            assertThat(recorder.changes()).containsExactly(insert(11, "x"));
            fixture.closeSources();
            recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            fixture.execute(prepare("between", 2));
            assertThat(recorder.next(SourceEvent.TransactionPrepared.class).gid()).isEqualTo("between");
            fixture.execute("INSERT INTO users VALUES (12, 'x')");
            assertThat(recorder.changes()).containsExactly(insert(12, "x"));
            fixture.closeSources();
            recorder = fixture.stream();
            assertThat(recorder.changes()).as("it was not told to the server").containsExactly(insert(12, "x"));
            fixture.execute("COMMIT PREPARED 'before'", "COMMIT PREPARED 'between'");
            assertThat(recorder.changes()).containsExactly(insert(1, "before"));
            assertThat(recorder.changes()).containsExactly(insert(2, "between"));
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void aTableThatIsAlteredInOneIsKnownSoFromTheCommitOn(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.stream(fixture.builder().withTwoPhase(true));
            fixture.execute("INSERT INTO users VALUES (1, 'a')");
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
            for (String end : List.of("ROLLBACK", "COMMIT")) {
                fixture.execute("BEGIN; INSERT INTO users VALUES (2, 'b'); ALTER TABLE users ADD age int;"
                        + " INSERT INTO users VALUES (3, 'c', 7); PREPARE TRANSACTION 'x'");
                fixture.execute(end + " PREPARED 'x'");
                fixture.execute("INSERT INTO users VALUES (" + (end.equals("COMMIT") ? 5 : 4) + ", 'd')");
            }
            assertThat(recorder.changes()).containsExactly(insert(4, "d"));
            assertThat(recorder.next(SourceEvent.SchemaChanged.class).columns()).containsExactly("id", "name", "age");
            assertThat(recorder.changes()).containsExactly(insert(2, "b"), "insert users:3 {id=3, name=\"c\", age=7}");
            assertThat(recorder.changes()).containsExactly("insert users:5 {id=5, name=\"d\", age=null}");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void oneWhoseChangesAreNotSentAnyMoreStopsTheSource(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            fixture.execute(prepare("lost", 1));
            recorder.next(SourceEvent.TransactionPrepared.class);
            fixture.closeSources();
            fixture.execute("INSERT INTO users VALUES (2, 'b')");
            fixture.execute("SELECT pg_replication_slot_advance('" + fixture.slotName() + "', pg_current_wal_lsn())");
            try (ObservedSource source = ObservedSource.start(
                    fixture.source(fixture.builder().withTwoPhase(true)), TOLD, "no secret here")) {
                source.awaitStreaming();
                fixture.execute("COMMIT PREPARED 'lost'");
                SourceException error = source.awaitErrorBeforeTransactions();
                assertThat(error)
                        .isInstanceOf(PositionUnavailableException.class)
                        .hasMessageContainingAll(
                                "'lost'", fixture.slotName(), "0/", "pg_drop_replication_slot", "start with a bootstrap");
            }
        }
    }

    /** One that is held keeps what is told to the server below its end, for which a server that shuts down waits. */
    @ParameterizedTest(name = "on PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("withTwoPhase")
    void oneThatIsHeldDoesNotHoldUpTheServersEnd(int version) {
        try (PostgresServer server = server(version);
                SourceFixture fixture = fixture(server)) {
            Recorder recorder = fixture.start(fixture.builder().withTwoPhase(true), TOLD);
            fixture.execute(prepare("a", 1), "INSERT INTO users VALUES (3, 'c')");
            recorder.next(SourceEvent.TransactionPrepared.class);
            assertThat(recorder.changes()).containsExactly(insert(3, "c"));
            server.stopFast();
            server.start();
            fixture.awaitStreaming(recorder.source());
            fixture.execute("COMMIT PREPARED 'a'");
            assertThat(recorder.changes()).containsExactly(insert(1, "a"));
        }
    }
}
