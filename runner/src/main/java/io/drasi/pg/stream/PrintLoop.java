// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.EventPrinter;
import io.drasi.pg.process.StopRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;

/**
 * Takes events from a subscription, prints them, and confirms them once the operating system has taken their last byte.
 * The output is flushed when the subscription has nothing more at once. Used by one thread.
 */
public final class PrintLoop {
    /** How soon a stop request, or an end position that no transaction passes, is noticed. */
    private static final Duration WAIT = Duration.ofMillis(100);

    private final Subscription subscription;
    private final EventPrinter printer;
    private final CountedOutput output;
    private final StopRequest stop;
    private final Optional<EndPosition> end;
    /** Printed, but not yet known to be taken. */
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();

    private boolean bootstrapping;

    /** What is confirmed when {@code offset} bytes of the output were taken. */
    private record Mark(long offset, Position position) {}

    /**
     * @param bootstrap whether the subscription asked for a bootstrap: the end is not looked for before it is complete
     */
    public PrintLoop(
            Subscription subscription,
            boolean bootstrap,
            EventPrinter printer,
            CountedOutput output,
            StopRequest stop,
            Optional<EndPosition> end) {
        this.subscription = subscription;
        this.bootstrapping = bootstrap;
        this.printer = printer;
        this.output = output;
        this.stop = stop;
        this.end = end;
    }

    /**
     * Returns when a stop is requested, the end position is reached, or the subscription has ended. However it ends,
     * what was printed is confirmed and nothing else.
     *
     * @throws IOException if the output cannot be written
     * @throws RuntimeException the source's failure
     */
    public void run() throws IOException, InterruptedException {
        try {
            takeAndPrint();
        } catch (RuntimeException failure) {
            try {
                flush();
            } catch (IOException | RuntimeException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
        flush();
    }

    private void takeAndPrint() throws IOException, InterruptedException {
        while (!stop.requested()) {
            boolean nothingMoreToCome =
                    !bootstrapping && end.isPresent() && end.get().reached();
            Optional<SourceEvent> event = subscription.poll(Duration.ZERO);
            if (event.isEmpty()) {
                flush();
                if (nothingMoreToCome || subscription.ended()) {
                    return;
                }
                event = subscription.poll(WAIT);
            }
            if (event.isPresent() && !print(event.get())) {
                return;
            }
        }
    }

    /** False if the event lies beyond the end. */
    private boolean print(SourceEvent event) throws IOException {
        if (end.isPresent() && end.get().passedBy(event)) {
            return false;
        }
        try {
            printer.print(event);
        } finally {
            // Printing an event may have flushed those before it, and then failed.
            confirmWritten();
        }
        if (event instanceof SourceEvent.BootstrapStarted) {
            bootstrapping = true;
        } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
            bootstrapping = false;
            marks.add(new Mark(output.accepted(), completed.position()));
        } else if (event instanceof SourceEvent.Transaction transaction) {
            marks.add(new Mark(output.accepted(), transaction.position()));
        }
        return true;
    }

    private void flush() throws IOException {
        try {
            output.flush();
        } finally {
            confirmWritten();
        }
    }

    private void confirmWritten() {
        long written = output.written();
        Position last = null;
        while (!marks.isEmpty() && marks.getFirst().offset() <= written) {
            last = marks.removeFirst().position();
        }
        if (last != null) {
            subscription.confirm(last);
        }
    }
}
