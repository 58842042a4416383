// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceHost;
import io.drasi.model.StatusChange;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.process.StopRequest;
import io.drasi.source.postgres.error.SourceException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs sources until their end, a stop request, or the first failure of any, then stops them all in order. */
public final class StreamRun {
    private static final Logger LOG = LoggerFactory.getLogger(StreamRun.class);

    private final CountedOutput output;
    private final StopRequest stop;
    private final boolean loop;
    /** The one that ends the run. */
    private final AtomicReference<@Nullable Failure> first = new AtomicReference<>();
    /** All, also those that came while the run was being ended. */
    private final Set<Failure> failures = Collections.synchronizedSet(new LinkedHashSet<>());

    private record Failure(String sourceId, Throwable cause) {}

    /** @param loop whether a failure that can be retried is left to the source, which tries again */
    public StreamRun(CountedOutput output, StopRequest stop, boolean loop) {
        this.output = output;
        this.stop = stop;
        this.loop = loop;
    }

    /**
     * Takes over the sources, which have not been started, and closes them. Of several failures the first is thrown, the
     * others are logged.
     *
     * @throws IOException if the output could not be written
     * @throws SourceFailedException the failure of one of several sources
     * @throws RuntimeException the failure of the only source
     * @throws Error if the virtual machine failed, e.g. for want of memory
     */
    public void run(List<StreamedSource> sources) throws IOException, InterruptedException {
        try (SourceHost host = new SourceHost()) {
            List<Thread> threads = new ArrayList<>();
            for (StreamedSource source : sources) {
                source.source().addStatusListener(this::onStatus);
                host.add(source.source());
                Thread thread = new Thread(
                        () -> print(source), "drasi-pg-" + source.source().id());
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        Failure end = first.get();
        failures.stream().filter(failure -> !failure.equals(end)).forEach(failure -> logLater(failure, end));
        if (end != null) {
            rethrow(end, sources.size() > 1);
        }
    }

    private static void logLater(Failure failure, @Nullable Failure first) {
        Throwable cause = failure.cause();
        boolean sameOutput = first != null && cause == first.cause();
        if (!sameOutput) {
            String text = cause instanceof SourceException ? cause.getMessage() : cause.toString();
            LOG.error("source '{}' failed: {}", failure.sourceId(), text, cause);
        }
    }

    private static void rethrow(Failure failure, boolean oneOfSeveral) throws IOException, InterruptedException {
        Throwable cause = failure.cause();
        if (cause instanceof IOException e) {
            throw e;
        } else if (cause instanceof InterruptedException e) {
            throw e;
        } else if (oneOfSeveral) {
            throw new SourceFailedException(failure.sourceId(), cause);
        } else if (cause instanceof RuntimeException e) {
            throw e;
        } else if (cause instanceof Error e) {
            throw e;
        }
    }

    private void print(StreamedSource source) {
        PrintLoop printLoop =
                new PrintLoop(source.subscription(), source.bootstrap(), source.printer(), output, stop, source.end());
        try {
            printLoop.run();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            // An Error too: a run whose printing stopped must not look like one that ended in order.
            fail(new Failure(source.source().id(), e));
        }
    }

    private void fail(Failure failure) {
        failures.add(failure);
        first.compareAndSet(null, failure);
        stop.request();
    }

    private void onStatus(StatusChange change) {
        Optional<Failure> failure = change.cause().map(cause -> new Failure(change.sourceId(), cause));
        if (change.status() == ComponentStatus.ERROR) {
            // What was received before is still to be printed: the subscription throws it after that.
            failure.ifPresent(failures::add);
        } else if (!loop && change.status() == ComponentStatus.STARTING) {
            failure.ifPresent(this::fail);
        }
    }
}
