// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Notices that the server shuts down and waits for us. A fast shutdown waits until the last of its log is confirmed, for
 * ever if need be, and asks for that without a pause; while a subscriber holds the confirmation back, nothing else tells
 * that from a server that is just idle. So the server is asked on another connection: when it asks without a pause and
 * there is nothing new to tell, and, since it is not heard then, now and again while a full queue keeps us from reading.
 * One thread.
 */
final class ShutdownWatch {
    private static final long ASKING_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long FIRST_GAP_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LONGEST_GAP_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final BooleanSupplier serverShutsDown;
    private final LongSupplier nanoTime;
    private long askingSince;
    private long askedLast;
    private long heldSince;
    private boolean asking;
    private boolean held;
    private long gap = FIRST_GAP_NANOS;
    private long nextProbe;

    /**
     * @param serverShutsDown asks the server, on another connection
     * @param nanoTime as {@link System#nanoTime}
     */
    ShutdownWatch(BooleanSupplier serverShutsDown, LongSupplier nanoTime) {
        this.serverShutsDown = serverShutsDown;
        this.nanoTime = nanoTime;
        this.nextProbe = nanoTime.getAsLong();
    }

    /**
     * A status was sent.
     *
     * @param news whether it confirmed something new
     * @param asked whether the server had asked for it
     * @param blocked whether a full queue keeps us from reading what the server says
     * @return whether to let go of the stream
     */
    boolean letGo(boolean news, boolean asked, boolean blocked) {
        long now = nanoTime.getAsLong();
        if (news) {
            asking = false;
            held = false;
            gap = FIRST_GAP_NANOS;
            return false;
        }
        observe(now, asked, blocked);
        boolean suspicious =
                (asking && now - askingSince >= PATIENCE_NANOS) || (held && now - heldSince >= FIRST_GAP_NANOS);
        if (!suspicious || now - nextProbe < 0) {
            return false;
        }
        nextProbe = now + gap;
        gap = Math.min(gap * 2, LONGEST_GAP_NANOS);
        return serverShutsDown.getAsBoolean();
    }

    private void observe(long now, boolean asked, boolean blocked) {
        if (asked) {
            if (!asking || now - askedLast > ASKING_PAUSE_NANOS) {
                asking = true;
                askingSince = now;
            }
            askedLast = now;
        }
        if (blocked && !held) {
            heldSince = now;
        }
        held = blocked;
    }
}
