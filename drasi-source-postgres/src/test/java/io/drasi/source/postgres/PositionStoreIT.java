// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.drasi.model.ComponentStatus;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.StoredPosition;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import io.drasi.source.postgres.store.FilePositionStore;
import io.drasi.source.postgres.subscription.PositionSaver;
import io.drasi.testkit.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A source with a position store: where its queries go on, what the server is told, and which positions are refused. */
class PositionStoreIT {
    private static final String REMOVE = "Remove the position from the store";
    private static final int NEWEST = 18;
    private static final String QUERY = SourceFixture.QUERY_ID;
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(QUERY).withBootstrap();
    private static final SubscriptionSettings STREAM = SubscriptionSettings.forQuery(QUERY);

    @TempDir
    Path directory;

    private final GatedStore store = new GatedStore();

    private static SourceFixture users(int version) {
        return users(SourceFixture.on(version));
    }

    private static SourceFixture users(SourceFixture fixture) {
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY)", "INSERT INTO users VALUES (1)");
        fixture.publishAllTables();
        return fixture;
    }

    private Recorder start(SourceFixture fixture, SubscriptionSettings settings, boolean confirming) {
        PostgresReplicationSource source = fixture.source(fixture.builder().withPositionStore(store));
        Recorder recorder = fixture.record(source, settings, confirming);
        source.start();
        return recorder;
    }

    private Position stored() {
        return store.load(QUERY).orElseThrow().position();
    }

    @SomeVersion
    void goesOnWhereItWasWhenItIsStartedAgain(int version) {
        try (SourceFixture fixture = users(version)) {
            for (int run = 1; run <= 3; run++) {
                try (FilePositionStore file = FilePositionStore.open(directory, "source")) {
                    PostgresReplicationSource source =
                            fixture.source(fixture.builder().withPositionStore(file));
                    Recorder recorder = fixture.record(source, BOOTSTRAP);
                    source.start();
                    if (run == 1) {
                        assertThat(recorder.snapshot().readable()).containsExactly("insert users:1 {id=1}");
                    } else {
                        assertThat(recorder.changes()).containsExactly("insert users:%1$d0 {id=%1$d0}".formatted(run));
                    }
                    fixture.execute("INSERT INTO users VALUES (" + run + "5)");
                    assertThat(recorder.changes()).containsExactly("insert users:%1$d5 {id=%1$d5}".formatted(run));
                    assertThat(recorder.catchUp()).isEmpty();
                    fixture.closeSources();
                    assertThat(SourceTraces.threads()).isEmpty();
                }
                fixture.execute("INSERT INTO users VALUES (" + (run + 1) + "0)");
            }
        }
    }

    /** What the process had saved when it was killed counts, not what the slot says. */
    @SomeVersion
    void skipsWhatIsStoredThoughTheServerWasNotToldOfIt(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder first = start(fixture, STREAM, false);
            fixture.awaitStreaming(first.source());
            Lsn before = fixture.confirmedFlushLsn().orElseThrow();
            fixture.execute("INSERT INTO users VALUES (2)", "INSERT INTO users VALUES (3)");
            SourceEvent.Transaction second = first.transaction();
            fixture.closeSources();
            String origin = store.load(QUERY).orElseThrow().origin();
            store.restore(Map.of(QUERY, new StoredPosition(second.position(), origin)));
            assertThat(fixture.confirmedFlushLsn().orElseThrow().value())
                    .isLessThanOrEqualTo(second.commitLsn())
                    .isGreaterThanOrEqualTo(before.value());
            assertThat(start(fixture, STREAM, true).changes()).containsExactly("insert users:3 {id=3}");
        }
    }

    @SomeVersion
    void goesOnInsideATransactionThatWasConfirmedInPart(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder first = start(fixture, STREAM, false);
            fixture.awaitStreaming(first.source());
            fixture.execute("INSERT INTO users SELECT generate_series(11, 15)");
            Position middle = Recorder.placed(first.transaction()).get(2).position();
            first.subscription().confirm(middle);
            Await.until("it is saved", () -> stored().equals(middle));
            fixture.closeSources();
            assertThat(stored()).isEqualTo(middle);
            assertThat(start(fixture, STREAM, true).changes())
                    .containsExactly("insert users:14 {id=14}", "insert users:15 {id=15}");
        }
    }

    @SomeVersion
    void tellsTheServerNothingThatIsNotSaved(int version) throws InterruptedException {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = start(fixture, STREAM, true);
            fixture.awaitStreaming(recorder.source());
            fixture.awaitConfirmed(fixture.walEnd());
            store.shut();
            Lsn before = fixture.confirmedFlushLsn().orElseThrow();
            fixture.execute(IntStream.range(10, 200)
                    .mapToObj(id -> "INSERT INTO users VALUES (" + id + ")")
                    .toArray(String[]::new));
            for (int i = 10; i < 200; i++) {
                recorder.transaction();
            }
            Thread.sleep(300); // it tells the server what it can tell every 10 ms
            assertThat(fixture.confirmedFlushLsn()).contains(before);
            assertThat(recorder.source().confirmedLsn()).isEqualTo(before);
            assertThat(stored().commitLsn()).isGreaterThanOrEqualTo(before.value());
            int attempts = store.attempts();
            store.open();
            Lsn end = fixture.walEnd();
            fixture.awaitConfirmed(end);
            assertThat(stored().commitLsn()).isGreaterThanOrEqualTo(end.value());
            assertThat(store.attempts() - attempts)
                    .as("writes for 190 confirmations")
                    .isLessThan(20);
        }
    }

    @SomeVersion
    void followsTrafficThatIsNotPublished(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder recorder = start(fixture, BOOTSTRAP, true);
            recorder.snapshot();
            Lsn end = fixture.walEnd();
            fixture.awaitConfirmed(end);
            fixture.closeSources();
            assertThat(stored()).isGreaterThanOrEqualTo(Position.before(end.value()));
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(start(fixture, BOOTSTRAP, true).changes()).containsExactly("insert users:2 {id=2}");
        }
    }

    @Test
    void saysThatPositionsCanNotBeSavedAndTriesAgain() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder recorder = start(fixture, STREAM, true);
            List<StatusChange> statuses = new CopyOnWriteArrayList<>();
            fixture.awaitStreaming(recorder.source());
            recorder.source().addStatusListener(statuses::add);
            fixture.awaitConfirmed(fixture.walEnd());
            store.breakDown();
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert users:2 {id=2}");
            Await.until("it has tried three times", () -> statuses.size() >= 3);
            assertThat(statuses).allSatisfy(status -> {
                assertThat(status.status()).isEqualTo(ComponentStatus.STARTING);
                assertThat(status.cause().orElseThrow()).isInstanceOf(PositionsNotSavedException.class);
                assertThat(status.message().orElseThrow()).contains("No space left on device");
            });
            assertThat(statuses.get(2).message().orElseThrow()).startsWith("attempt 3 failed, next try in 400 ms");
            store.open();
            fixture.awaitConfirmed(fixture.walEnd());
            fixture.execute("INSERT INTO users VALUES (3)");
            assertThat(recorder.changes()).as("nothing twice").containsExactly("insert users:3 {id=3}");
        }
    }

    @Test
    @Timeout(60)
    void stopsThoughTheStoreHangs() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder recorder = start(fixture, STREAM, true);
            fixture.awaitStreaming(recorder.source());
            fixture.awaitConfirmed(fixture.walEnd());
            store.shut();
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(recorder.changes()).containsExactly("insert users:2 {id=2}");
            Await.until("it is being saved", store::waiting);
            recorder.source().stop();
            assertThat(recorder.source().status().status()).isEqualTo(ComponentStatus.STOPPED);
            store.open();
            fixture.closeSources();
            Await.until("no thread is left", () -> SourceTraces.threads().isEmpty());
            assertThat(start(fixture, STREAM, true).allChanges()).isSubsetOf("insert users:2 {id=2}");
        }
    }

    @Test
    void savesWhatIsConfirmedWhenASubscriptionIsClosed() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder recorder = start(fixture, STREAM, false);
            fixture.awaitStreaming(recorder.source());
            for (int id = 2; id < 10; id++) {
                fixture.execute("INSERT INTO users VALUES (" + id + ")");
                SourceEvent.Transaction transaction = recorder.transaction();
                recorder.confirm(transaction);
                recorder.close();
                assertThat(stored()).isGreaterThanOrEqualTo(transaction.position());
                recorder = fixture.record(recorder.source(), STREAM, false);
            }
        }
    }

    @Test
    void keepsAPositionForEachQuery() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder fast = start(fixture, STREAM, true);
            Recorder slow = fixture.record(
                    fast.source(), SubscriptionSettings.forQuery("slow").withBootstrap(), true);
            slow.snapshot();
            Recorder stuck = fixture.record(fast.source(), SubscriptionSettings.forQuery("stuck"), false);
            fixture.awaitStreaming(fast.source());
            fixture.execute("INSERT INTO users VALUES (2)");
            SourceEvent.Transaction transaction = fast.transaction();
            slow.transaction();
            stuck.transaction();
            Await.until(
                    "the others are saved",
                    () -> List.of(QUERY, "slow").stream()
                            .allMatch(queryId -> store.load(queryId)
                                    .filter(it -> it.position().compareTo(transaction.position()) > 0)
                                    .isPresent()));
            fixture.closeSources();
            fixture.execute("INSERT INTO users VALUES (3)");
            assertThat(store.load("stuck").map(it -> it.position().compareTo(transaction.position()) < 0))
                    .contains(true);
            fast = start(fixture, STREAM, true);
            slow = fixture.record(
                    fast.source(), SubscriptionSettings.forQuery("slow").withBootstrap(), true);
            stuck = fixture.record(fast.source(), SubscriptionSettings.forQuery("stuck"), true);
            assertThat(fast.changes()).containsExactly("insert users:3 {id=3}");
            assertThat(slow.changes()).containsExactly("insert users:3 {id=3}");
            assertThat(stuck.changes()).containsExactly("insert users:2 {id=2}");
            assertThat(stuck.changes()).containsExactly("insert users:3 {id=3}");
        }
    }

    /** The store is a guard then: it knows what the slot has. */
    @Test
    void letsThePositionOfTheSubscriberCountMore() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder first = start(fixture, STREAM, false);
            fixture.awaitStreaming(first.source());
            fixture.execute("INSERT INTO users VALUES (2)", "INSERT INTO users VALUES (3)");
            Position own = first.transaction().position();
            fixture.closeSources();
            assertThat(start(fixture, STREAM.withResumeFrom(own), true).changes())
                    .containsExactly("insert users:3 {id=3}");
            fixture.awaitConfirmed(fixture.walEnd());
            fixture.closeSources();
            assertRefused(
                    start(fixture, STREAM.withResumeFrom(own), true),
                    "can't go on from " + own + ": the replication slot stands at ");
        }
    }

    // ---- bootstraps ----

    @SomeVersion
    void makesABootstrapAgainThatWasNotConfirmed(int version) {
        try (SourceFixture fixture = users(version)) {
            start(fixture, BOOTSTRAP, false).snapshot();
            fixture.closeSources();
            assertThat(store.copy()).isEmpty();
            Recorder again = start(fixture, BOOTSTRAP, false);
            again.subscription().confirm(again.snapshot().completed().position());
            fixture.closeSources();
            fixture.execute("INSERT INTO users VALUES (2)");
            assertThat(start(fixture, BOOTSTRAP, true).changes()).containsExactly("insert users:2 {id=2}");
        }
    }

    /** The process was killed between the two. */
    @Test
    void knowsThatTheBootstrapIsBehindItThoughTheMarkerStands() {
        try (SourceFixture fixture = users(NEWEST)) {
            start(fixture, BOOTSTRAP, true).snapshot();
            fixture.closeSources();
            String marker = fixture.slotName() + "_bootstrapping";
            fixture.server().query("SELECT pg_create_physical_replication_slot('" + marker + "')");
            fixture.execute("INSERT INTO users VALUES (2)");
            Recorder again = start(fixture, BOOTSTRAP, true);
            assertThat(again.changes()).containsExactly("insert users:2 {id=2}");
            SourceTraces.awaitSlots(fixture, fixture.slotName());
            assertThat(again.source().slotExists()).isTrue();
        }
    }

    /**
     * The shared slot keeps nothing for who is given a bootstrap beside the stream: until that one has joined, there is no
     * position to go on from.
     */
    @SomeVersion
    void storesNothingOfABootstrapBesideTheStreamUntilItHasJoined(int version) {
        try (SourceFixture fixture = users(version)) {
            Recorder other = start(fixture, SubscriptionSettings.forQuery("other"), true);
            fixture.awaitStreaming(other.source());
            fixture.awaitConfirmed(fixture.walEnd());
            Recorder late = fixture.record(other.source(), BOOTSTRAP, false);
            SourceEvent.BootstrapCompleted completed = late.snapshot().completed();
            assertThat(store.load(QUERY)).isEmpty();
            late.subscription().confirm(completed.position());
            Await.until("its position is saved", () -> store.load(QUERY).isPresent());
            assertThat(stored()).isGreaterThanOrEqualTo(completed.position());
            assertThat(Position.before(fixture.confirmedFlushLsn().orElseThrow().value()))
                    .isLessThanOrEqualTo(stored());
        }
    }

    /** Else a process that ends in the middle of it would go on from there with the half of it. */
    @Test
    void forgetsThePositionBeforeAnotherBootstrapBegins() {
        try (SourceFixture fixture = SourceFixture.on(NEWEST)) {
            fixture.execute(
                    "CREATE TABLE users (a int, b int)",
                    "ALTER TABLE users REPLICA IDENTITY FULL",
                    "INSERT INTO users VALUES (1, 1)");
            fixture.publishAllTables();
            Recorder recorder = start(fixture, BOOTSTRAP, true);
            recorder.snapshot();
            Await.until("its position is saved", () -> store.load(QUERY).isPresent());
            store.shut();
            fixture.execute("ALTER TABLE users DROP COLUMN b", "INSERT INTO users VALUES (2)");
            recorder.next(SourceEvent.SchemaChanged.class);
            SourceTraces.awaitThreadIn(PositionSaver.class); // the position is to be removed
            int given = recorder.events().size();
            recorder.takeWaiting();
            assertThat(recorder.events().subList(given, recorder.events().size()))
                    .noneMatch(SourceEvent.BootstrapStarted.class::isInstance);
            store.open();
            recorder.next(SourceEvent.BootstrapStarted.class);
            assertThat(store.load(QUERY)).isEmpty();
        }
    }

    @Test
    void refusesAPositionOfItsOwnAfterABootstrapBesideTheStreamWasGivenUp() {
        try (SourceFixture fixture = users(NEWEST)) {
            Recorder first = start(fixture, STREAM, true);
            fixture.awaitStreaming(first.source());
            fixture.execute("INSERT INTO users VALUES (2)");
            Position own = first.transaction().position();
            fixture.closeSources();
            String marker = fixture.slotName() + "_given_up";
            fixture.server().query("SELECT pg_create_physical_replication_slot('" + marker + "')");
            PostgresReplicationSource without = fixture.source(fixture.builder());
            Recorder refused = fixture.record(without, STREAM.withResumeFrom(own));
            without.start();
            assertRefused(refused, "bootstrap beside the stream was given up");
            assertRefused(
                    fixture.record(without, STREAM.withResumeFrom(own)),
                    "drop the slot whose name ends with _given_up");
            fixture.closeSources();
            fixture.execute("INSERT INTO users VALUES (3)");
            assertThat(start(fixture, STREAM, true).changes())
                    .as("the store says that it was not this query")
                    .containsExactly("insert users:3 {id=3}");
            fixture.closeSources();
            fixture.server().query("SELECT pg_drop_replication_slot('" + marker + "')");
            fixture.execute("INSERT INTO users VALUES (4)");
            PostgresReplicationSource again = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(again, STREAM.withResumeFrom(own));
            again.start();
            assertThat(recorder.changes()).containsExactly("insert users:4 {id=4}");
        }
    }

    // ---- positions that are refused ----

    private static void assertRefused(Recorder recorder, String... texts) {
        Subscription subscription = recorder.subscription();
        Throwable failure = Await.untilPresent(
                "the subscription fails",
                () -> java.util.Optional.ofNullable(catchThrowable(
                        () -> assertThat(subscription.poll(Duration.ZERO)).isEmpty())));
        assertThat(failure).isInstanceOf(PositionUnavailableException.class).hasMessageContainingAll(texts);
    }

    /** Runs until a transaction was confirmed and saved; the sources are closed then. */
    private Position confirmOne(SourceFixture fixture) {
        Recorder recorder = start(fixture, BOOTSTRAP, true);
        recorder.snapshot();
        fixture.execute("INSERT INTO users VALUES (2)");
        recorder.transaction();
        fixture.closeSources();
        return stored();
    }

    @SomeVersion
    void refusesAPositionThatTheSlotHasLeftBehind(int version) {
        try (SourceFixture fixture = users(version)) {
            Position position = confirmOne(fixture);
            fixture.execute("INSERT INTO users VALUES (3)");
            fixture.database()
                    .query("SELECT count(*) FROM pg_logical_slot_get_binary_changes('" + fixture.slotName()
                            + "', NULL, NULL, 'proto_version', '1', 'publication_names', 'drasi_publication')");
            assertRefused(
                    start(fixture, BOOTSTRAP, true),
                    "can't go on from " + position + ": the replication slot stands at ",
                    "somebody else has read from the slot",
                    REMOVE);
            assertThat(stored()).as("nothing was confirmed").isEqualTo(position);
            fixture.closeSources();
            assertThat(stored()).isEqualTo(position);
            store.remove(QUERY);
            assertThat(start(fixture, BOOTSTRAP, true).snapshot().rows()).hasSize(3);
        }
    }

    @Test
    void refusesAnOldCopyOfTheStore() {
        try (SourceFixture fixture = users(NEWEST)) {
            confirmOne(fixture);
            Map<String, StoredPosition> copy = store.copy();
            fixture.execute("INSERT INTO users VALUES (3)");
            Recorder recorder = start(fixture, BOOTSTRAP, true);
            recorder.transaction();
            fixture.closeSources();
            store.restore(copy);
            Recorder refused = start(fixture, BOOTSTRAP, true);
            assertRefused(refused, "or the store is an old copy");
            assertRefused(fixture.record(refused.source(), BOOTSTRAP), "or the store is an old copy");
        }
    }

    @SomeVersion
    void refusesAPositionOfASlotThatIsGoneOrWasMadeAnew(int version) {
        try (SourceFixture fixture = users(version)) {
            Position position = confirmOne(fixture);
            fixture.server().query("SELECT pg_drop_replication_slot('" + fixture.slotName() + "')");
            assertRefused(
                    start(fixture, BOOTSTRAP, true),
                    "replication slot \"" + fixture.slotName() + "\" does not exist",
                    REMOVE);
            fixture.closeSources();
            fixture.database()
                    .query("SELECT pg_create_logical_replication_slot('" + fixture.slotName() + "', 'pgoutput')");
            assertRefused(
                    start(fixture, BOOTSTRAP, true),
                    "can't go on from " + position + ": the replication slot stands at ",
                    "made it again",
                    REMOVE);
        }
    }

    @Test
    void refusesAPositionOfAnotherSlot() {
        try (SourceFixture fixture = users(NEWEST)) {
            confirmOne(fixture);
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withPositionStore(store).withSlotName(fixture.slotName() + "_other"));
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            assertRefused(
                    recorder,
                    ", slot " + fixture.slotName() + ", timeline 1], but the source reads from [PostgreSQL system ",
                    ", slot " + fixture.slotName() + "_other, timeline 1]",
                    "Check the address and the slot_name",
                    REMOVE);
        }
    }

    @Test
    void refusesAPositionOfAnotherServer() {
        try (SourceFixture fixture = users(NEWEST);
                SourceFixture other = users(14)) {
            confirmOne(fixture);
            PostgresReplicationSource source =
                    other.source(other.builder().withPositionStore(store).withSlotName(fixture.slotName()));
            Recorder recorder = other.record(source, BOOTSTRAP);
            source.start();
            assertRefused(recorder, "the stored position is one of [PostgreSQL system ", "Check the address");
            SourceTraces.awaitSlots(other);
        }
    }
}
