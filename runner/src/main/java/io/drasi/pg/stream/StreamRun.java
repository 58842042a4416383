// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceHost;
import io.drasi.model.StatusChange;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.process.StopRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Runs sources until their end, a stop request, or the first failure of any, then stops them all in order. */
public final class StreamRun {
    private final CountedOutput output;
    private final StopRequest stop;
    private final boolean loop;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** @param loop whether a failure that can be retried is left to the source, which tries again */
    public StreamRun(CountedOutput output, StopRequest stop, boolean loop) {
        this.output = output;
        this.stop = stop;
        this.loop = loop;
    }

    /**
     * Takes over the sources, which have not been started, and closes them.
     *
     * @throws IOException if the output could not be written
     * @throws RuntimeException the failure of a source
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
        Throwable first = failure.get();
        if (first instanceof IOException e) {
            throw e;
        } else if (first instanceof InterruptedException e) {
            throw e;
        } else if (first instanceof RuntimeException e) {
            throw e;
        } else if (first instanceof Error e) {
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
            fail(e);
        }
    }

    private void fail(Throwable cause) {
        failure.compareAndSet(null, cause);
        stop.request();
    }

    /** Each failure after which the source tries again. */
    private void onStatus(StatusChange change) {
        if (!loop && change.status() == ComponentStatus.STARTING) {
            change.cause().ifPresent(this::fail);
        }
    }
}
