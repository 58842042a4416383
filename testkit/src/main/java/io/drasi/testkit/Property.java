// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Random;
import java.util.function.LongSupplier;

/** Statements that hold for all inputs, tried on many made from a seed that a failure tells. */
public final class Property {
    /** The seed that a failure printed: only the run with it is repeated. */
    static final String SEED_PROPERTY = "drasi.seed";

    private static final SecureRandom SEEDS = new SecureRandom();

    private Property() {}

    /** One run: makes its input from {@code random} and throws if the statement doesn't hold. */
    @FunctionalInterface
    public interface Body {
        void run(Random random) throws Exception;
    }

    /**
     * Runs {@code body} with {@code runs} different seeds, or once with the one in the system property
     * {@value #SEED_PROPERTY}.
     *
     * @throws AssertionError with the seed if a run throws
     */
    public static void forAll(int runs, Body body) {
        String seed = System.getProperty(SEED_PROPERTY, "");
        if (!seed.isEmpty()) {
            run(Long.parseLong(seed), "the run", body);
            return;
        }
        for (int run = 1; run <= runs; run++) {
            run(SEEDS.nextLong(), "run " + run + " of " + runs, body);
        }
    }

    /**
     * Runs {@code body} with different seeds until {@code time} is over, at least once; or once with the seed in the system
     * property {@value #SEED_PROPERTY}.
     *
     * @return how many runs there were
     * @throws AssertionError with the seed if a run throws
     */
    public static int forAllWithin(Duration time, Body body) {
        return forAllWithin(time, SEEDS::nextLong, body);
    }

    /**
     * {@link #forAllWithin(Duration, Body)} with seeds of the caller's choice, so that each build tries the same ones.
     *
     * @param seeds gives the next one
     */
    public static int forAllWithin(Duration time, LongSupplier seeds, Body body) {
        long start = System.nanoTime();
        int runs = 0;
        do {
            runs++;
            String seed = System.getProperty(SEED_PROPERTY, "");
            if (!seed.isEmpty()) {
                run(Long.parseLong(seed), "the run", body);
                return runs;
            }
            run(seeds.getAsLong(), "run " + runs, body);
        } while (System.nanoTime() - start < time.toNanos());
        return runs;
    }

    private static void run(long seed, String which, Body body) {
        try {
            body.run(new Random(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    which + " failed, to be repeated with -D" + SEED_PROPERTY + "=" + seed + ": " + e.getMessage(), e);
        }
    }
}
