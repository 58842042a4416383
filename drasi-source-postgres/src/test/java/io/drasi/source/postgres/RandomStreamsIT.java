// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Property;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/**
 * Streams as no real server sends them, though it might: of each sequence a model says what has to come out. Runs for some
 * seconds with the same seeds in each build, or with new ones for as many minutes as the system property
 * {@value RandomRuns#MINUTES_PROPERTY} says. A seed fixes what the server and the subscribers do, not how the source's threads
 * meet.
 */
class RandomStreamsIT {
    private static final Duration IN_A_BUILD = Duration.ofSeconds(6);
    /** A sequence mostly waits. */
    private static final int AT_ONCE = 8;

    @Test
    void giveEachSubscriberEverythingOnceAndConfirmNothingTooEarly() throws Exception {
        RandomTally tally = new RandomTally();
        Duration time = RandomRuns.minutes().orElse(IN_A_BUILD);
        LongSupplier seeds = RandomRuns.seeds();
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                runs.add(threads.submit(
                        () -> Property.forAllWithin(time, seeds, random -> run(random, tally, threads))));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } finally {
            threads.shutdown();
        }
        System.out.println("random streams: " + tally);
    }

    private static void run(Random random, RandomTally tally, ExecutorService threads) throws Exception {
        try (RandomStream stream = new RandomStream(random, tally, threads)) {
            stream.run();
        }
    }
}
