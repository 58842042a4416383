// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.PositionStore;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves in a position store what subscriptions have confirmed, on a thread of its own, so that neither subscribers nor the
 * stream nor the feedback wait for a disk: one write for all that has gathered since the last. It is soon after the first
 * confirmation, then at most every 100 ms, and takes a tenth of the time at most.
 *
 * <p>The server is told what is saved and no more. So wherever a process ends, the slot has everything after the positions
 * in the store; and a slot that is beyond one was moved by somebody else, or the store is an old copy.
 */
public final class PositionSaver {
    private static final Logger LOG = LoggerFactory.getLogger(PositionSaver.class);
    private static final long LEAST_GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_GAP_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** So many times as long as a write has taken it waits before the next. */
    private static final int GAP_FACTOR = 9;

    /** A store that hangs does not hold up the end of a run for longer than that. */
    private static final Duration LONGEST_END = Duration.ofSeconds(10);

    /**
     * What is to be saved.
     *
     * @param least all of them have confirmed everything before it; invalid: not known
     */
    private record Due(Lsn least, List<SourceSubscription> of) {}

    private final String sourceId;
    private final PositionStore store;
    private final Duration longestEnd;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    // All below are guarded by the lock.
    /** Null: not known yet. */
    private @Nullable ReadLog log;
    /** Whether the open subscriptions go on where they should, so that what they confirm is to be saved. */
    private boolean enabled;
    /** The server may be told this. */
    private Lsn saved = Lsn.INVALID;
    /** How often there was another slot, before which nothing that is saved counts. */
    private long slotCount;
    /** What subscriptions that were closed had confirmed, until it is saved. */
    private final Map<String, StoredPosition> left = new HashMap<>();

    private @Nullable Due due;
    private @Nullable PositionStoreException failure;
    private boolean ending;
    private @Nullable Thread thread;
    private Runnable onSaved = () -> {};
    private Runnable onFailure = () -> {};

    /** Is held while the store is written, and guards what it has, as far as it was written here. */
    private final Object writing = new Object();

    private final Map<String, StoredPosition> known = new HashMap<>();

    public PositionSaver(String sourceId, PositionStore store) {
        this(sourceId, store, LONGEST_END);
    }

    PositionSaver(String sourceId, PositionStore store, Duration longestEnd) {
        this.sourceId = sourceId;
        this.store = store;
        this.longestEnd = longestEnd;
    }

    /**
     * A run begins.
     *
     * @param afterSave is run when the server may be told more
     * @param afterFailure is run when {@link #throwIfFailed} has something to throw
     */
    public void begin(String threadName, Runnable afterSave, Runnable afterFailure) {
        Thread next = new Thread(this::run, threadName);
        next.setDaemon(true);
        lock.lock();
        try {
            enabled = false;
            saved = Lsn.INVALID;
            due = null;
            failure = null;
            ending = false;
            onSaved = afterSave;
            onFailure = afterFailure;
            thread = next;
        } finally {
            lock.unlock();
        }
        next.start();
    }

    /** Positions are those of that log from now on. What is stored of these is stored anew, as of that log. */
    void reads(ReadLog now, List<SourceSubscription> of) {
        boolean another;
        lock.lock();
        try {
            another = log != null && !log.equals(now);
            log = now;
        } finally {
            lock.unlock();
        }
        if (another) {
            confirmed(of);
        }
    }

    /** The slot was made anew. */
    void slotStarts() {
        lock.lock();
        try {
            saved = Lsn.INVALID;
            due = due == null ? null : new Due(Lsn.INVALID, due.of());
            slotCount++;
        } finally {
            lock.unlock();
        }
    }

    void enable() {
        lock.lock();
        try {
            enabled = true;
        } finally {
            lock.unlock();
        }
    }

    /** @throws PositionStoreException if it can't be read */
    Optional<StoredPosition> load(String queryId) {
        synchronized (writing) {
            known.remove(queryId); // the program may have changed the store
            Optional<StoredPosition> stored = store.load(queryId);
            lock.lock();
            try {
                return Optional.ofNullable(left.get(queryId)).or(() -> stored);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Something may have been confirmed by one of those. */
    void confirmed(List<SourceSubscription> of) {
        lock.lock();
        try {
            if (enabled && due == null) {
                due = new Due(Lsn.INVALID, of);
                news.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What the server may be told, with {@code least} confirmed by all of those; saves that, if it is not yet. */
    Lsn savedOf(Lsn least, List<SourceSubscription> of) {
        lock.lock();
        try {
            if (enabled && least.isAfter(saved) && (due == null || least.isAfter(due.least()))) {
                due = new Due(least, of);
                news.signalAll();
            }
            return least.min(saved);
        } finally {
            lock.unlock();
        }
    }

    /** A subscription is closed that had confirmed everything up to there. To be {@linkplain #saveLeft saved}. */
    void leave(String queryId, Position position) {
        lock.lock();
        try {
            if (enabled && log != null) {
                left.merge(queryId, new StoredPosition(position, log.origin()), PositionSaver::later);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Saves now what closed subscriptions have left. If that fails, it is tried again with the next of the others. */
    void saveLeft() {
        lock.lock();
        try {
            if (left.isEmpty() || failure != null) {
                return;
            }
        } finally {
            lock.unlock();
        }
        Due leftOnly = new Due(Lsn.INVALID, List.of());
        try {
            write(leftOnly);
        } catch (PositionStoreException e) {
            failed(e, leftOnly);
        }
    }

    /** @throws PositionsNotSavedException if they can't be saved */
    void save(Lsn least, List<SourceSubscription> of) {
        lock.lock();
        try {
            if (!enabled) {
                return;
            }
        } finally {
            lock.unlock();
        }
        try {
            write(new Due(least, of));
        } catch (PositionStoreException e) {
            throw new PositionsNotSavedException(e);
        }
    }

    /**
     * The query begins with nothing: its position goes, for good; unless it has got one again meanwhile.
     *
     * @throws PositionsNotSavedException if that can't be saved
     */
    void forget(SourceSubscription subscription) {
        String queryId = subscription.queryId();
        synchronized (writing) {
            if (!subscription.isForgettable()) {
                return;
            }
            try {
                use(() -> store.remove(queryId));
            } catch (PositionStoreException e) {
                throw new PositionsNotSavedException(e);
            }
            known.remove(queryId);
            subscription.isForgotten();
            lock.lock();
            try {
                left.remove(queryId);
            } finally {
                lock.unlock();
            }
        }
    }

    /** @throws PositionsNotSavedException if what was confirmed could not be saved */
    public void throwIfFailed() {
        lock.lock();
        try {
            if (failure != null) {
                throw new PositionsNotSavedException(failure);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Tries again what has failed.
     *
     * @throws PositionsNotSavedException if it fails again
     */
    public void retry() {
        Due again;
        lock.lock();
        try {
            if (failure == null) {
                return;
            }
            again = due == null ? new Due(Lsn.INVALID, List.of()) : due; // what closed ones left may be all
        } finally {
            lock.unlock();
        }
        try {
            write(again);
        } catch (PositionStoreException e) {
            throw new PositionsNotSavedException(e);
        }
        lock.lock();
        try {
            failure = null;
            due = null;
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The run ends: saves what those have confirmed. If that fails it is logged, and comes again at the next start. */
    void end(List<SourceSubscription> of) {
        Thread current;
        boolean save;
        lock.lock();
        try {
            ending = true;
            current = thread;
            save = enabled || !left.isEmpty();
            news.signalAll();
        } finally {
            lock.unlock();
        }
        if (current != null && !ThreadEnd.await(current, longestEnd)) {
            notSaved("the position store does not answer");
        } else if (save) {
            try {
                write(new Due(Lsn.INVALID, of));
            } catch (PositionStoreException e) {
                notSaved(String.valueOf(e.getMessage()));
            }
        }
        lock.lock();
        try {
            enabled = false;
        } finally {
            lock.unlock();
        }
    }

    private void notSaved(String why) {
        LOG.warn("source '{}': what was confirmed last is not saved and will come again: {}", sourceId, why);
    }

    private void run() {
        long next = System.nanoTime();
        for (Due now = awaitDue(next); now != null; now = awaitDue(next)) {
            long begun = System.nanoTime();
            try {
                write(now);
                onSaved.run();
            } catch (PositionStoreException e) {
                failed(e, now);
            } catch (RuntimeException | Error e) {
                // Not foreseen: else nothing would be saved any more, and nobody would know.
                failed(new PositionStoreException("positions can't be saved: " + e, e), now);
            }
            long end = System.nanoTime();
            next = end + Math.min(LONGEST_GAP_NANOS, Math.max(LEAST_GAP_NANOS, GAP_FACTOR * (end - begun)));
        }
    }

    private void failed(PositionStoreException cause, Due what) {
        lock.lock();
        try {
            failure = cause;
            due = due == null ? what : due;
        } finally {
            lock.unlock();
        }
        onFailure.run();
    }

    /** Waits until something is to be saved, and no earlier than {@code next}; null when nothing is any more. */
    private @Nullable Due awaitDue(long next) {
        lock.lock();
        try {
            while (!ending && thread == Thread.currentThread()) {
                long wait = next - System.nanoTime();
                if (due == null || failure != null) {
                    news.await();
                } else if (wait > 0) {
                    long unused = news.awaitNanos(wait);
                } else {
                    Due now = due;
                    due = null;
                    return now;
                }
            }
            return null;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What is asked of the subscriptions is asked under the lock of the writing: so nothing that a query confirmed before it
     * was {@linkplain #forget forgotten} is written after that.
     */
    private void write(Due what) {
        synchronized (writing) {
            Lsn least;
            long slot;
            ReadLog of;
            Map<String, StoredPosition> changed;
            lock.lock();
            try {
                least = what.least().max(saved);
                slot = slotCount;
                of = log;
                changed = new HashMap<>(left);
            } finally {
                lock.unlock();
            }
            if (of != null) {
                String origin = of.origin();
                for (SourceSubscription subscription : what.of()) {
                    Optional<Position> position = subscription.toStore(least);
                    position.ifPresent(it -> changed.merge(
                            subscription.queryId(), new StoredPosition(it, origin), PositionSaver::later));
                }
            }
            changed.entrySet().removeIf(entry -> isKnown(entry.getKey(), entry.getValue()));
            if (!changed.isEmpty()) {
                use(() -> store.save(changed));
                known.putAll(changed);
            }
            lock.lock();
            try {
                if (slot == slotCount) {
                    saved = least;
                }
                left.entrySet().removeIf(entry -> isKnown(entry.getKey(), entry.getValue()));
            } finally {
                lock.unlock();
            }
        }
    }

    /** A store that somebody else has written may throw what it likes. */
    private static void use(Runnable store) {
        try {
            store.run();
        } catch (PositionStoreException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new PositionStoreException("the position store failed: " + e, e);
        }
    }

    private boolean isKnown(String queryId, StoredPosition position) {
        StoredPosition there = known.get(queryId);
        return there != null && later(there, position).equals(there);
    }

    /** The later one of a log; of two logs, the one that came second. */
    private static StoredPosition later(StoredPosition first, StoredPosition second) {
        return first.origin().equals(second.origin()) && first.position().compareTo(second.position()) >= 0
                ? first
                : second;
    }
}
