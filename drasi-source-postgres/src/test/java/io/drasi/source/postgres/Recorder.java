// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.postgres.protocol.wire.Lsn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Takes the events of a subscription in the test's own thread, with timeouts, and keeps them. */
final class Recorder implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(20);

    private final SourceFixture fixture;
    private final PostgresReplicationSource source;
    private final Subscription subscription;
    private final boolean confirming;
    private final List<SourceEvent> events = new ArrayList<>();
    private final List<SourceEvent> tidings = new ArrayList<>();

    /**
     * What a bootstrap delivered.
     *
     * @param rows in the order in which they came
     */
    record Snapshot(
            SourceEvent.BootstrapStarted started,
            List<SourceChange.Insert> rows,
            SourceEvent.BootstrapCompleted completed) {
        /** The rows as {@link ReadableChange} writes them, sorted. */
        List<String> readable() {
            return rows.stream().map(ReadableChange::of).sorted().toList();
        }
    }

    /** One change with where it stands. */
    record Placed(SourceChange change, Position position, boolean last) {}

    Recorder(SourceFixture fixture, PostgresReplicationSource source, Subscription subscription, boolean confirming) {
        this.fixture = fixture;
        this.source = source;
        this.subscription = subscription;
        this.confirming = confirming;
    }

    PostgresReplicationSource source() {
        return source;
    }

    Subscription subscription() {
        return subscription;
    }

    /** What was told of bootstraps so far, and is not among the events here, as nobody can rely on it. */
    List<SourceEvent> tidings() {
        return tidings;
    }

    /** All events that were taken so far. */
    List<SourceEvent> events() {
        return events;
    }

    /**
     * The next event.
     *
     * @throws AssertionError if none comes within 30 s, or the subscription has ended
     */
    SourceEvent next() {
        long end = System.nanoTime() + TIMEOUT.toNanos();
        while (System.nanoTime() < end) {
            Optional<SourceEvent> event = poll(Duration.ofSeconds(1));
            if (event.isPresent()) {
                return event.get();
            }
            SourceFixture.requireNoFailure(source);
            if (subscription.ended()) {
                throw new AssertionError("the subscription has ended after " + events);
            }
        }
        throw new AssertionError(
                "no event within " + TIMEOUT + " after " + events.size() + " events; the source: " + source.status());
    }

    /** The next event, which has to be of that kind. */
    <T extends SourceEvent> T next(Class<T> kind) {
        SourceEvent event = next();
        assertThat(event).isInstanceOf(kind);
        return kind.cast(event);
    }

    SourceEvent.Transaction transaction() {
        return next(SourceEvent.Transaction.class);
    }

    /** The changes of the next transaction, as {@link ReadableChange} writes them. */
    List<String> changes() {
        return readable(transaction());
    }

    static List<String> readable(SourceEvent.Transaction transaction) {
        return placed(transaction).stream()
                .map(placed -> ReadableChange.of(placed.change()))
                .toList();
    }

    static List<Placed> placed(SourceEvent.Transaction transaction) {
        List<Placed> changes = new ArrayList<>();
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            changes.add(new Placed(cursor.change(), cursor.position(), cursor.last()));
        }
        return changes;
    }

    /** The bootstrap that comes next, whole. */
    Snapshot snapshot() {
        SourceEvent.BootstrapStarted started = next(SourceEvent.BootstrapStarted.class);
        List<SourceChange.Insert> rows = new ArrayList<>();
        while (true) {
            SourceEvent event = next();
            if (event instanceof SourceEvent.BootstrapBatch batch) {
                rows.addAll(batch.rows());
            } else {
                assertThat(event).isInstanceOf(SourceEvent.BootstrapCompleted.class);
                return new Snapshot(started, rows, (SourceEvent.BootstrapCompleted) event);
            }
        }
    }

    /** Takes what waits. */
    void takeWaiting() {
        while (poll(Duration.ZERO).isPresent()) {
            SourceFixture.requireNoFailure(source);
        }
    }

    /**
     * Like {@link #catchUp()}, and takes each bootstrap that is still to come for what has committed until now: the one that
     * was asked for, and those after changes of ids.
     */
    void catchUpWithBootstraps() {
        catchUp();
        while (owedBootstrap()) {
            while (!(next() instanceof SourceEvent.BootstrapCompleted)) {
                // the rows
            }
            catchUp();
        }
    }

    private boolean owedBootstrap() {
        for (int i = events.size() - 1; i >= 0; i--) {
            if (events.get(i) instanceof SourceEvent.BootstrapCompleted) {
                return false;
            } else if (events.get(i) instanceof SourceEvent.SchemaChanged changed && changed.idsInvalidated()) {
                return true;
            }
        }
        return true;
    }

    /** Takes all events of what has committed until now; so it also tells that there are no more of them. */
    List<SourceEvent> catchUp() {
        return catchUp(fixture.walEnd());
    }

    /** Takes events until everything that committed before {@code lsn} has been taken. */
    List<SourceEvent> catchUp(Lsn lsn) {
        int known = events.size();
        long end = System.nanoTime() + TIMEOUT.toNanos();
        while (true) {
            boolean all = !lsn.isAfter(source.handedOverLsn());
            Optional<SourceEvent> event = poll(all ? Duration.ZERO : SHORT);
            if (event.isPresent()) {
                end = System.nanoTime() + TIMEOUT.toNanos();
            } else if (all) {
                return List.copyOf(events.subList(known, events.size()));
            } else if (System.nanoTime() > end) {
                throw new AssertionError("nothing for " + TIMEOUT + ", and only " + source.handedOverLsn() + " of "
                        + lsn + " was handed over; the source: " + source.status());
            }
            SourceFixture.requireNoFailure(source);
        }
    }

    /** The changes of all transactions until now, as {@link ReadableChange} writes them; other events fail. */
    List<String> allChanges() {
        List<String> changes = new ArrayList<>();
        for (SourceEvent event : catchUp()) {
            assertThat(event).isInstanceOf(SourceEvent.Transaction.class);
            changes.addAll(readable((SourceEvent.Transaction) event));
        }
        return changes;
    }

    void confirm(SourceEvent event) {
        if (event instanceof SourceEvent.Transaction transaction) {
            subscription.confirm(transaction.position());
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            subscription.confirm(completed.position());
        }
    }

    private Optional<SourceEvent> poll(Duration timeout) {
        try {
            Optional<SourceEvent> event = subscription.poll(timeout);
            while (event.isPresent() && isTidings(event.get())) {
                tidings.add(event.get());
                event = subscription.poll(timeout);
            }
            event.ifPresent(events::add);
            if (confirming) {
                event.ifPresent(this::confirm);
            }
            return event;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    private static boolean isTidings(SourceEvent event) {
        return event instanceof SourceEvent.BootstrapDelayed || event instanceof SourceEvent.BootstrapProgress;
    }

    @Override
    public void close() {
        subscription.close();
    }
}
