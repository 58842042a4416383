// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.micrometer;

import io.drasi.source.postgres.health.SourceMetrics;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One reading for all meters that a registry asks one after the other. Thread-safe. */
final class LatestMetrics {
    private static final long AGE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Supplier<SourceMetrics> source;
    private final LongSupplier nanoTime;
    private @Nullable SourceMetrics latest;
    private long readAt;

    LatestMetrics(Supplier<SourceMetrics> source, LongSupplier nanoTime) {
        this.source = source;
        this.nanoTime = nanoTime;
    }

    synchronized SourceMetrics get() {
        long now = nanoTime.getAsLong();
        SourceMetrics current = latest;
        if (current == null || now - readAt > AGE_NANOS) {
            current = source.get();
            latest = current;
            readAt = now;
        }
        return current;
    }
}
