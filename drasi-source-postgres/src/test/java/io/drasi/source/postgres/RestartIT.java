// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.Proc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What goes on where after the source, its process, its connection or the server was started again. */
class RestartIT {
    private static final int ROWS = 1000;
    private static final int WRITERS = 2;
    private static final long TRANSACTIONS = 100;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();
    private static final SubscriptionSettings STREAM = SubscriptionSettings.forQuery(SourceFixture.QUERY_ID);

    @EachVersion
    void goesOnFromWhatWasConfirmedWhenItIsStartedAgain(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource first = fixture.source(fixture.builder());
            PostgresReplicationSource second = fixture.source(fixture.builder());
            DeliveryCheck check = new DeliveryCheck();
            try (Writers writers = Writers.start(fixture.database(), WRITERS, 10)) {
                runUntilProgress(first, BOOTSTRAP, check, writers);
                runUntilProgress(first, STREAM, check, writers);
                runUntilProgress(second, STREAM, check, writers);
                runUntilProgress(first, STREAM, check, writers);
                writers.stop();
            }
            check.mayRepeat();
            try (Follower follower = Follower.of(second.subscribe(STREAM), check)) {
                second.start();
                follower.catchUp(fixture.database());
                check.assertEqualsTables(fixture.database());
                assertThat(check.bootstraps()).isEqualTo(1);
            }
        }
    }

    /** Runs the source for a while; then it is stopped under load. */
    private static void runUntilProgress(
            PostgresReplicationSource source, SubscriptionSettings settings, DeliveryCheck check, Writers writers) {
        check.mayRepeat();
        try (Follower follower = Follower.of(source.subscribe(settings), check)) {
            source.start();
            follower.awaitTransactions(check.transactions() + TRANSACTIONS);
            source.stop();
            follower.awaitEnd();
            writers.awaitProgress(TRANSACTIONS);
        }
    }

    @SomeVersion
    void deliversAgainWhatWasNotConfirmed(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            List<SourceEvent.Transaction> taken = new ArrayList<>();
            try (Recorder recorder = fixture.record(source, STREAM, false)) {
                source.start();
                fixture.awaitStreaming(source);
                for (int i = 0; i < 5; i++) {
                    Follower.mark(fixture.database());
                    taken.add(recorder.transaction());
                }
                recorder.confirm(taken.get(1));
                source.stop();
            }
            Await.untilAsserted(
                    "what was confirmed is known to the server",
                    () -> assertThat(fixture.confirmedFlushLsn())
                            .contains(new Lsn(taken.get(1).endLsn())));
            try (Recorder recorder = fixture.record(source, STREAM, false)) {
                source.start();
                for (SourceEvent.Transaction again : taken.subList(2, 5)) {
                    assertThat(recorder.transaction().position()).isEqualTo(again.position());
                }
                Follower.mark(fixture.database());
                assertThat(recorder.changes()).hasSize(1).first().asString().startsWith("insert marks:6 ");
            }
        }
    }

    @SomeVersion
    void deliversExactlyOnceToASubscriberThatTellsItsPosition(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            DeliveryCheck check = new DeliveryCheck();
            try (Writers writers = Writers.start(fixture.database(), WRITERS, 11);
                    Follower follower = Follower.of(source.subscribe(BOOTSTRAP), check)) {
                source.start();
                follower.awaitTransactions(TRANSACTIONS);
                source.stop();
                follower.awaitEnd();
                for (int run = 1; run <= 3; run++) {
                    writers.awaitProgress(TRANSACTIONS);
                    takeWithoutConfirming(source, check, (int) TRANSACTIONS);
                }
            }
            try (Follower follower = Follower.of(source.subscribe(STREAM.withResumeFrom(check.last())), check)) {
                source.start();
                follower.catchUp(fixture.database());
                check.assertEqualsTables(fixture.database());
                assertThat(check.repeated()).isZero();
            }
        }
    }

    /** So the server sends all of it again at the next start. */
    private static void takeWithoutConfirming(PostgresReplicationSource source, DeliveryCheck check, int count) {
        try (Subscription subscription = source.subscribe(STREAM.withResumeFrom(check.last()))) {
            source.start();
            for (int i = 0; i < count; i++) {
                check.accept(Await.untilPresent("an event", () -> subscription.poll(Duration.ofMillis(100))));
            }
            source.stop();
        }
    }

    @SomeVersion
    void goesOnInTheMiddleOfATransaction(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Position middle;
            try (Recorder recorder = fixture.record(source, STREAM, false)) {
                source.start();
                fixture.awaitStreaming(source);
                fixture.execute("INSERT INTO marks SELECT i FROM generate_series(101, 105) AS i");
                middle = Recorder.placed(recorder.transaction()).get(2).position();
                recorder.subscription().confirm(middle);
                source.stop();
            }
            assertThat(fixture.confirmedFlushLsn().orElseThrow().value())
                    .as("the server has to send the whole transaction again")
                    .isLessThanOrEqualTo(middle.commitLsn());
            try (Recorder recorder = fixture.record(source, STREAM.withResumeFrom(middle))) {
                source.start();
                List<Recorder.Placed> rest = Recorder.placed(recorder.transaction());
                assertThat(rest)
                        .extracting(placed -> placed.position().ordinal())
                        .containsExactly(3L, 4L);
                assertThat(rest)
                        .extracting(placed -> ReadableChange.of(placed.change()))
                        .containsExactly("insert marks:104 {id=104}", "insert marks:105 {id=105}");
                assertThat(recorder.catchUp()).isEmpty();
            }
        }
    }

    @EachVersion
    void bootstrapsAgainWhenTheProcessWasKilledInMidBootstrap(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version));
                Writers writers = Writers.start(fixture.database(), WRITERS, 12)) {
            String firstSlot = killInMidBootstrap(fixture);
            writers.awaitProgress(TRANSACTIONS);
            assertThat(killInMidBootstrap(fixture)).isNotEqualTo(firstSlot);
            writers.awaitProgress(TRANSACTIONS);
            DeliveryCheck check = new DeliveryCheck();
            try (Proc child = StreamingChild.start(fixture, true, -1)) {
                child.awaitLine("bootstrap", TIMEOUT, line -> line.startsWith("event completed "));
                feed(child, check, fixture, writers);
                assertThat(check.bootstraps()).isEqualTo(1);
                check.assertEqualsTables(fixture.database());
                Await.until("only the slot is left", () -> slots(fixture).equals(List.of(fixture.slotName())));
            }
        }
    }

    /** Returns where the slot of that bootstrap begins: it tells slots of the same name apart. */
    private static String killInMidBootstrap(SourceFixture fixture) {
        try (Proc child = StreamingChild.start(fixture, true, 3)) {
            child.awaitLine("stalled child", TIMEOUT, "stalled"::equals);
            assertThat(slots(fixture))
                    .as("no temporary one: the bootstrap is that of the slot")
                    .containsExactly(fixture.slotName(), fixture.slotName() + "_bootstrapping");
            String beginning = slotBeginning(fixture);
            child.kill();
            child.await(TIMEOUT);
            assertThat(StreamingChild.lines(child)).noneMatch(line -> line.startsWith("completed"));
            return beginning;
        }
    }

    private static List<String> slots(SourceFixture fixture) {
        return fixture
                .server()
                .query("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '" + fixture.slotName()
                        + "%' ORDER BY length(slot_name)")
                .stream()
                .map(row -> row.get(0))
                .toList();
    }

    private static String slotBeginning(SourceFixture fixture) {
        return fixture.server()
                .queryOne("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '"
                        + fixture.slotName() + "'");
    }

    /** Has what the child prints checked until it has come to what is committed when the writers have stopped. */
    private static void feed(Proc child, DeliveryCheck check, SourceFixture fixture, Writers writers) {
        writers.awaitProgress(TRANSACTIONS);
        writers.stop();
        long mark = Follower.mark(fixture.database());
        child.awaitLine("mark " + mark, TIMEOUT, line -> line.startsWith("event insert marks " + mark + " "));
        StreamingChild.lines(child).forEach(check::accept);
    }

    @SomeVersion
    void losesNothingWhenTheProcessIsKilledWhileItStreams(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version));
                Writers writers = Writers.start(fixture.database(), WRITERS, 13)) {
            DeliveryCheck check = new DeliveryCheck();
            for (int run = 0; run < 2; run++) {
                try (Proc child = StreamingChild.start(fixture, run == 0, -1)) {
                    child.awaitLine("first change", TIMEOUT, line -> line.startsWith("event insert batches "));
                    writers.awaitProgress(TRANSACTIONS);
                    child.kill();
                    child.await(TIMEOUT);
                    check.mayRepeat();
                    StreamingChild.lines(child).forEach(check::accept);
                }
            }
            try (Proc child = StreamingChild.start(fixture, false, -1)) {
                check.mayRepeat();
                feed(child, check, fixture, writers);
                check.assertEqualsTables(fixture.database());
                assertThat(check.bootstraps()).isEqualTo(1);
            }
        }
    }

    @EachVersion
    void reconnectsWhenTheServerWasStartedAgain(int version) {
        surviving(version, PostgresServer::restart);
    }

    @SomeVersion
    void reconnectsWhenTheServerHasCrashed(int version) {
        surviving(version, server -> {
            server.kill();
            server.start();
        });
    }

    @SomeVersion
    void reconnectsWhenTheServerWasEndedAtOnce(int version) {
        surviving(version, server -> {
            server.stopImmediate();
            server.start();
        });
    }

    @SomeVersion
    void reconnectsWhenItsConnectionWasTerminated(int version) {
        surviving(version, server -> {
            String activePid = "SELECT active_pid FROM pg_replication_slots WHERE active";
            String pid = Await.untilPresent(
                    "the slot is active",
                    () -> server.query(activePid).stream().findFirst().map(row -> row.get(0)));
            server.query("SELECT pg_terminate_backend(" + pid + ")");
        });
    }

    /** The source repeats nothing to a subscriber that stays, and loses nothing. */
    private static void surviving(int version, Consumer<PostgresServer> interruption) {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = withTables(SourceFixture.on(server))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            List<StatusChange> statuses = new CopyOnWriteArrayList<>();
            source.addStatusListener(statuses::add);
            try (Writers writers = Writers.start(fixture.database(), WRITERS, 14);
                    Follower follower = Follower.of(source, BOOTSTRAP)) {
                source.start();
                follower.awaitBootstrap();
                for (int round = 1; round <= 3; round++) {
                    follower.awaitTransactions(follower.check().transactions() + TRANSACTIONS);
                    statuses.clear();
                    interruption.accept(server);
                    awaitRecovery(statuses);
                }
                follower.awaitTransactions(follower.check().transactions() + TRANSACTIONS);
                writers.stop();
                follower.catchUp(fixture.database());
                follower.check().assertEqualsTables(fixture.database());
                assertThat(follower.check().bootstraps()).isEqualTo(1);
            }
        }
    }

    private static void awaitRecovery(List<StatusChange> statuses) {
        Await.until(
                "the source runs again",
                () -> statuses.stream().anyMatch(change -> change.status() == ComponentStatus.RUNNING));
        assertThat(statuses)
                .allSatisfy(
                        change -> assertThat(change.status()).isIn(ComponentStatus.STARTING, ComponentStatus.RUNNING));
        StatusChange first = statuses.get(0);
        assertThat(first.status()).isEqualTo(ComponentStatus.STARTING);
        assertThat(first.message().orElseThrow()).startsWith("attempt 1 failed, next try in 100 ms: ");
        assertThat(((SourceException) first.cause().orElseThrow()).retryable()).isTrue();
    }

    @SomeVersion
    void endsWithAnErrorWhenItsSlotIsDropped(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Follower follower = Follower.of(source, STREAM);
            source.start();
            fixture.awaitStreaming(source);
            follower.catchUp(fixture.database());
            dropSlotInUse(fixture);
            follower.awaitEnd();
            assertThat(follower.failure().orElseThrow())
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("\"" + fixture.slotName() + "\"")
                    .hasMessageContaining("was dropped")
                    .hasMessageContaining("Start again with a bootstrap");
            Await.until("the status is ERROR", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause())
                    .containsSame((RuntimeException) follower.failure().orElseThrow());
            SourceTraces.awaitConnections(fixture, 0);
            try (Follower next = Follower.of(restarted(source), BOOTSTRAP)) {
                next.catchUp(fixture.database());
                next.check().assertEqualsTables(fixture.database());
            }
        }
    }

    private static PostgresReplicationSource restarted(PostgresReplicationSource source) {
        source.start();
        return source;
    }

    /** Between the end of its walsender and the source's next attempt. */
    private static void dropSlotInUse(SourceFixture fixture) {
        fixture.execute("DO $$ BEGIN FOR i IN 1 .. 1000 LOOP BEGIN"
                + " PERFORM pg_terminate_backend(active_pid), pg_sleep(0.005) FROM pg_replication_slots"
                + " WHERE slot_name = '" + fixture.slotName() + "' AND active;"
                + " PERFORM pg_drop_replication_slot('" + fixture.slotName() + "'); RETURN;"
                + " EXCEPTION WHEN object_in_use THEN NULL; END; END LOOP; END $$");
    }

    @SomeVersion
    void pausesWhenNobodyIsLeftAndGoesOnWhereThatOneHadConfirmed(int version) {
        try (SourceFixture fixture = withTables(SourceFixture.on(version))) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            List<SourceEvent.Transaction> taken = new ArrayList<>();
            try (Recorder recorder = fixture.record(source, STREAM, false)) {
                source.start();
                fixture.awaitStreaming(source);
                for (int i = 0; i < 4; i++) {
                    Follower.mark(fixture.database());
                    taken.add(recorder.transaction());
                }
                recorder.confirm(taken.get(1));
            }
            SourceTraces.awaitNoWalsender(fixture);
            assertThat(fixture.confirmedFlushLsn())
                    .contains(new Lsn(taken.get(1).endLsn()));
            Follower.mark(fixture.database());
            try (Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("next"))) {
                assertThat(recorder.transaction().position())
                        .isEqualTo(taken.get(2).position());
                assertThat(recorder.transaction().position())
                        .isEqualTo(taken.get(3).position());
                assertThat(recorder.changes()).hasSize(1).first().asString().startsWith("insert marks:5 ");
                assertThat(recorder.catchUp()).isEmpty();
                SourceTraces.awaitWalsender(fixture);
            }
            SourceTraces.awaitNoWalsender(fixture);
            Await.untilAsserted("the source waits", () -> {
                assertThat(source.status().status()).isEqualTo(ComponentStatus.RUNNING);
                assertThat(source.status().message()).contains("waits for a subscription");
            });
        }
    }

    /** A subscriber that takes the place of another at once, while the stream is still open. */
    @Test
    void losesNothingWhenSubscribersTakeTurns() {
        try (SourceFixture fixture = withTables(SourceFixture.on(18));
                Writers writers = Writers.start(fixture.database(), WRITERS, 15)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            DeliveryCheck check = new DeliveryCheck();
            try (Follower follower = Follower.of(source.subscribe(BOOTSTRAP), check)) {
                source.start();
                follower.awaitBootstrap();
                follower.awaitTransactions(TRANSACTIONS);
            }
            for (int turn = 1; turn <= 20; turn++) {
                check.mayRepeat();
                try (Follower follower = Follower.of(source.subscribe(STREAM), check)) {
                    follower.awaitTransactions(check.transactions() + 20);
                }
            }
            writers.stop();
            check.mayRepeat();
            try (Follower follower = Follower.of(source.subscribe(STREAM), check)) {
                follower.catchUp(fixture.database());
                check.assertEqualsTables(fixture.database());
            }
        }
    }

    private static SourceFixture withTables(SourceFixture fixture) {
        Writers.createTables(fixture.database(), ROWS);
        fixture.publishAllTables();
        return fixture;
    }
}
