// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class StopSignalTest {
    private static final int RACES = 20_000;

    @Test
    @Timeout(60)
    void interruptsOneThatConnects() throws Exception {
        StopSignal stop = new StopSignal();
        CountDownLatch connecting = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread thread = new Thread(() -> stop.whileConnecting(() -> {
            connecting.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            return true;
        }));
        thread.start();
        connecting.await();
        stop.give();
        thread.join(10_000);
        assertThat(interrupted).isTrue();
        assertThatThrownBy(() -> stop.whileConnecting(() -> true)).isInstanceOf(StopSignal.Stopped.class);
    }

    /** What the thread does after that may take as long as it needs: the last connection closes what is left. */
    @Test
    @Timeout(60)
    void interruptsNobodyWhoHasConnected() throws Exception {
        CyclicBarrier begin = new CyclicBarrier(2);
        CyclicBarrier end = new CyclicBarrier(2);
        StopSignal[] signals = new StopSignal[RACES];
        for (int i = 0; i < RACES; i++) {
            signals[i] = new StopSignal();
        }
        Thread stopping = new Thread(() -> {
            try {
                for (StopSignal signal : signals) {
                    begin.await(10, TimeUnit.SECONDS);
                    signal.give();
                    end.await(10, TimeUnit.SECONDS);
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        stopping.start();
        for (StopSignal signal : signals) {
            begin.await(10, TimeUnit.SECONDS);
            try {
                assertThat(signal.whileConnecting(() -> true)).isTrue();
            } catch (StopSignal.Stopped e) {
                assertThat(signal.given()).isTrue();
            }
            end.await(10, TimeUnit.SECONDS); // throws if it is interrupted
        }
        stopping.join();
    }
}
