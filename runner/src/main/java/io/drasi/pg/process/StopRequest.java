// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.process;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The wish that the run end in order, asked for once and never taken back. Thread-safe. */
public final class StopRequest {
    private final CountDownLatch latch = new CountDownLatch(1);
    private volatile Runnable lastResort = () -> {};

    public void request() {
        latch.countDown();
    }

    public boolean requested() {
        return latch.getCount() == 0;
    }

    /** Waits up to {@code timeout} for the request; true if it was made. */
    public boolean await(Duration timeout) throws InterruptedException {
        return latch.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Sets what is still to be done if the process has to end without waiting for the run. It must come to an end by
     * itself, and cope with the run going on meanwhile.
     */
    public void setLastResort(Runnable action) {
        lastResort = action;
    }

    void takeLastResort() {
        lastResort.run();
    }
}
