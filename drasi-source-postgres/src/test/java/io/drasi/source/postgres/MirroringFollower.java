// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber with a thread of its own that confirms what it takes, keeps it, and rebuilds the tables from it. Any tables,
 * unlike {@link Follower}, but one with serial ids that is called {@code marks}.
 */
final class MirroringFollower implements AutoCloseable {
    private final Subscription subscription;
    private final Thread thread;
    // Guarded by this.
    private final List<SourceEvent> events = new ArrayList<>();
    private final TableMirror mirror = new TableMirror();
    private Position last = Position.before(0);

    private volatile @Nullable Throwable failure;

    MirroringFollower(Subscription subscription) {
        this.subscription = subscription;
        this.thread = new Thread(this::run, "mirroring-follower-" + subscription.queryId());
        thread.start();
    }

    private void run() {
        try {
            for (SourceEvent event : subscription) {
                accept(event);
                Follower.confirm(subscription, event);
            }
        } catch (RuntimeException | AssertionError e) {
            failure = e;
        }
    }

    private synchronized void accept(SourceEvent event) {
        events.add(event);
        mirror.apply(event);
        if (event instanceof SourceEvent.BootstrapStarted started) {
            last = started.position();
        } else if (event instanceof SourceEvent.Transaction transaction) {
            assertThat(Recorder.placed(transaction).get(0).position())
                    .as("a position")
                    .usingComparator(Position::compareTo)
                    .isGreaterThan(last);
            last = transaction.position();
        }
    }

    synchronized List<SourceEvent> events() {
        return List.copyOf(events);
    }

    /** Commits something, waits until it has come, and so all that committed before. */
    void catchUp(Database database) {
        String mark = "{id=" + Follower.mark(database) + "}";
        Await.until("the mark " + mark + " was delivered to " + subscription.queryId(), () -> {
            requireNoFailure();
            synchronized (this) {
                return mirror.rows("marks").contains(mark);
            }
        });
    }

    /** {@link #catchUp(Database)}, and compares the tables then. */
    void catchUp(Database database, List<String> tables) {
        catchUp(database);
        synchronized (this) {
            tables.forEach(table -> mirror.assertEqualsTable(database, table, table));
        }
    }

    /** What ended the following, if something did. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    void requireNoFailure() {
        failure().ifPresent(cause -> {
            throw new AssertionError(subscription.queryId() + " failed: " + cause.getMessage(), cause);
        });
    }

    @Override
    public void close() {
        subscription.close();
        Await.until("the following has ended", () -> !thread.isAlive());
    }
}
