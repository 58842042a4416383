// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.subscription.Outlet;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the server what was confirmed, on a thread of its own, so that it goes on while a subscriber holds the stream
 * back: soon after something was confirmed, when the server asks, and at an interval. The position never goes back, and
 * never beyond what every subscription has confirmed, nor beyond a prepared transaction whose end is not.
 *
 * <p>A server that shuts down asks in a loop until the confirmed position is its last; so a status that says nothing new
 * is sent at most every 100 ms, and one that does at most every 10 ms.
 */
final class Feedback implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Feedback.class);
    private static final long NEWS_GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long REPEAT_GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ReplicationStream stream;
    private final Outlet outlet;
    private final long intervalNanos;
    private final Thread thread;
    private final HeldPrepares held = new HeldPrepares();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();

    /** Everything before it was handed out, and no transaction is open there. */
    private volatile Lsn reached;
    /** What the server has been told is confirmed, or is being told. */
    private volatile Lsn told;
    /** Whether the thread has something to look at that it has not looked at since. */
    private volatile boolean pending;
    // Guarded by the lock.
    private boolean replyRequested;
    private boolean closed;

    private final ShutdownWatch shutdownWatch;
    /** Whether the stream's thread is handing out, and so not reading. */
    private volatile boolean handingOut;
    // The feedback thread's own.
    private boolean asked;

    /**
     * @param start what was confirmed before
     * @param interval at which the server hears from us when nothing happens
     * @param serverShutsDown asks the server, on another connection, whether it is shutting down
     */
    Feedback(
            ReplicationStream stream,
            Outlet outlet,
            Duration interval,
            Lsn start,
            BooleanSupplier serverShutsDown,
            String threadName) {
        this.stream = stream;
        this.outlet = outlet;
        this.intervalNanos = interval.toNanos();
        this.reached = start;
        this.told = start;
        this.shutdownWatch = new ShutdownWatch(serverShutsDown, System::nanoTime);
        this.thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Everything before {@code lsn} was handed out. For the stream's thread. */
    void reached(Lsn lsn) {
        if (lsn.isAfter(reached)) {
            reached = lsn;
        }
    }

    /** The prepared transactions that are held. */
    HeldPrepares held() {
        return held;
    }

    /** There may be something new to tell. */
    void look() {
        if (!pending) {
            lock.lock();
            try {
                pending = true;
                news.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    void replyRequested() {
        lock.lock();
        try {
            replyRequested = true;
            pending = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /** The stream's thread begins to hand out, or is done with that. */
    void handingOut(boolean now) {
        handingOut = now;
    }

    Lsn reached() {
        return reached;
    }

    Lsn told() {
        return told;
    }

    /** Ends the thread, and tells the server what was confirmed until now. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            news.signal();
        } finally {
            lock.unlock();
        }
        ThreadEnd.await(thread);
    }

    /** Sends the last status. After {@link #close}. */
    void tellFinally() {
        outlet.save(reached);
        send(confirmed());
    }

    private void run() {
        try {
            long lastSent = System.nanoTime() - intervalNanos;
            while (awaitDue(lastSent)) {
                lastSent = System.nanoTime();
                Lsn confirmed = confirmed();
                boolean isNew = confirmed.isAfter(told);
                send(confirmed);
                if (shutdownWatch.letGo(isNew, asked, handingOut)) {
                    LOG.warn("the server shuts down and waits for what is not confirmed yet: letting go of the stream");
                    stream.abort();
                    return;
                }
            }
        } catch (PostgresClientException e) {
            // The reader of the stream meets the same end and deals with it.
            LOG.debug("no more feedback: {}", e.getMessage());
            stream.abort();
        }
    }

    /** Waits until a status is to be sent; false when there is none any more. */
    private boolean awaitDue(long lastSent) {
        lock.lock();
        try {
            while (!closed) {
                pending = false; // before looking: what comes while we look is looked at again
                boolean newPosition = confirmed().isAfter(told);
                long due = lastSent + intervalNanos;
                if (newPosition) {
                    due = lastSent + NEWS_GAP_NANOS;
                    pending = true; // it is looked at again anyway: nobody needs to wake us
                } else if (replyRequested) {
                    due = lastSent + REPEAT_GAP_NANOS;
                }
                long wait = due - System.nanoTime();
                if (wait <= 0) {
                    asked = replyRequested;
                    replyRequested = false;
                    return true;
                }
                news.awaitNanos(wait);
            }
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    private Lsn confirmed() {
        return told.max(held.below(outlet.confirmedUpTo(reached)));
    }

    private void send(Lsn flushed) {
        told = flushed; // first: a status whose sending fails may have arrived all the same
        stream.sendStatus(reached.max(flushed), flushed, flushed, false);
    }
}
