// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.PositionStore;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.PositionsNotSavedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves in a position store what subscriptions have confirmed, on a thread of its own, so that neither subscribers nor the
 * stream nor the feedback wait for a disk: one write for all that has gathered since the last. It is soon after the first
 * confirmation, then at most every 100 ms, and takes a tenth of the time at most. While there is that thread, nobody else uses
 * the store: who needs it in the midst of a run has the thread do it, and waits no more than some seconds.
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

    /** A store that hangs holds up nobody else for longer than that, not even the end of a run. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /**
     * What is to be saved.
     *
     * @param least all of them have confirmed everything before it; invalid: not known
     */
    private record Due(Lsn least, List<SourceSubscription> of) {}

    private final String sourceId;
    private final PositionStore store;
    private final StoreThread thread;
    private final ReentrantLock lock = new ReentrantLock();
    // All below are guarded by the lock.
    /** Null: not known yet. */
    private @Nullable ReadLog log;
    /** Whether the open subscriptions go on where they should, so that what they confirm is to be saved. */
    private boolean enabled;
    /** The server may be told this. */
    private Lsn saved = Lsn.INVALID;
    /** How often there was another run or slot, for which nothing counts that was saved before. */
    private long slotCount;
    /** What subscriptions that were closed had confirmed, until it is saved. */
    private final Map<String, StoredPosition> left = new HashMap<>();

    private @Nullable Due due;
    private @Nullable PositionStoreException failure;
    /** Of the thread. */
    private long nextSave = System.nanoTime();

    private Runnable onSaved = () -> {};
    private Runnable onFailure = () -> {};

    /** Is held while the store is used, and guards what it has, as far as it was written here. */
    private final Object writing = new Object();

    private final Map<String, StoredPosition> known = new HashMap<>();

    public PositionSaver(String sourceId, PositionStore store) {
        this(sourceId, store, LONGEST_WAIT);
    }

    PositionSaver(String sourceId, PositionStore store, Duration longestWait) {
        this.sourceId = sourceId;
        this.store = store;
        this.thread = new StoreThread(longestWait, this::saveIfDue);
    }

    /**
     * A run begins.
     *
     * @param afterSave is run when the server may be told more
     * @param afterFailure is run when {@link #throwIfFailed} has something to throw
     */
    public void begin(String threadName, Runnable afterSave, Runnable afterFailure) {
        lock.lock();
        try {
            enabled = false;
            saved = Lsn.INVALID;
            slotCount++;
            due = null;
            failure = null;
            onSaved = afterSave;
            onFailure = afterFailure;
        } finally {
            lock.unlock();
        }
        thread.begin(threadName);
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
        return thread.perform(() -> {
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
        });
    }

    private void performWrite(Due what) {
        Object unused = thread.perform(() -> {
            write(what);
            return what;
        });
    }

    /** Something may have been confirmed by one of those. */
    void confirmed(List<SourceSubscription> of) {
        lock.lock();
        try {
            if (enabled && due == null) {
                due = new Due(Lsn.INVALID, of);
                thread.wake();
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
                thread.wake();
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
            performWrite(leftOnly);
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
            performWrite(new Due(least, of));
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
        if (!subscription.isForgettable()) {
            return; // the stream need not wait for the store
        }
        try {
            boolean unused = thread.perform(() -> forgetNow(subscription));
        } catch (PositionStoreException e) {
            throw new PositionsNotSavedException(e);
        }
    }

    private boolean forgetNow(SourceSubscription subscription) {
        String queryId = subscription.queryId();
        synchronized (writing) {
            if (!subscription.isForgettable()) {
                return false;
            }
            use(() -> store.remove(queryId));
            known.remove(queryId);
            subscription.isForgotten();
            lock.lock();
            try {
                left.remove(queryId);
            } finally {
                lock.unlock();
            }
            return true;
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
            performWrite(again);
        } catch (PositionStoreException e) {
            throw new PositionsNotSavedException(e);
        }
        lock.lock();
        try {
            failure = null;
            due = null;
            thread.wake();
        } finally {
            lock.unlock();
        }
    }

    /** The run ends: saves what those have confirmed. If that fails it is logged, and comes again at the next start. */
    void end(List<SourceSubscription> of) {
        boolean save;
        lock.lock();
        try {
            save = enabled || !left.isEmpty();
        } finally {
            lock.unlock();
        }
        try {
            if (save) {
                performWrite(new Due(Lsn.INVALID, of));
            }
        } catch (PositionStoreException e) {
            notSaved(String.valueOf(e.getMessage()));
        }
        lock.lock();
        try {
            enabled = false;
        } finally {
            lock.unlock();
        }
        if (!thread.end()) {
            LOG.warn("source '{}': the position store does not answer; a thread still waits for it", sourceId);
        }
    }

    private void notSaved(String why) {
        LOG.warn("source '{}': what was confirmed last is not saved and will come again: {}", sourceId, why);
    }

    /** Saves what is to be saved, if it is time; tells when it is. By the thread. */
    private long saveIfDue() {
        Due now;
        lock.lock();
        try {
            if (due == null || failure != null) {
                return Long.MAX_VALUE;
            }
            long wait = nextSave - System.nanoTime();
            if (wait > 0) {
                return wait;
            }
            now = due;
            due = null;
        } finally {
            lock.unlock();
        }
        long begun = System.nanoTime();
        save(now);
        long end = System.nanoTime();
        nextSave = end + Math.min(LONGEST_GAP_NANOS, Math.max(LEAST_GAP_NANOS, GAP_FACTOR * (end - begun)));
        return 0;
    }

    private void save(Due what) {
        try {
            write(what);
            onSaved.run();
        } catch (PositionStoreException e) {
            failed(e, what);
        } catch (RuntimeException | Error e) {
            // Not foreseen: else nothing would be saved any more, and nobody would know.
            failed(new PositionStoreException("positions can't be saved: " + e, e), what);
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
