// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.process;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the program so that SIGINT, SIGTERM and SIGHUP make it end in order, with the exit code that the run itself gives:
 * the virtual machine alone would end it in the middle of a line, with 130 or 143. A second signal ends it at once, after
 * the {@linkplain StopRequest#setLastResort last resort}.
 */
public final class OrderlyExit {
    private static final Logger LOG = LoggerFactory.getLogger(OrderlyExit.class);
    private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");
    /** A reader of standard output that takes nothing must not keep the process from ending. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final StopRequest stop;
    private final AtomicBoolean signalled = new AtomicBoolean();

    private OrderlyExit(StopRequest stop) {
        this.stop = stop;
    }

    /** Runs {@code program} and ends the process with the code that it returns. */
    public static void run(StopRequest stop, IntSupplier program) {
        OrderlyExit exit = new OrderlyExit(stop);
        SIGNALS.forEach(exit::handle);
        exit.end(program.getAsInt());
    }

    /** Not while the last resort is under way: it makes the run fail, which is then not how the program ends. */
    private synchronized void end(int code) {
        System.exit(code);
    }

    /** By reflection, as the compiler warns of the class, though it is the only way and every JDK has it. */
    private void handle(String name) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object onSignal = Proxy.newProxyInstance(
                    OrderlyExit.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        onSignal();
                        return proxy;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), onSignal);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java cannot handle SIG" + name, e);
        }
    }

    /** On a thread that the virtual machine makes for each signal. */
    private void onSignal() {
        if (!signalled.compareAndSet(false, true)) {
            endWithoutTheRun(ExitCode.INTERRUPTED);
        }
        LOG.debug("ending in order; a second signal ends the program at once");
        stop.request();
        Thread patience = new Thread(this::endAtLast, "drasi-pg-patience");
        patience.setDaemon(true);
        patience.start();
    }

    /** Once only: a third signal must not cut the last resort off. */
    private synchronized void endWithoutTheRun(ExitCode code) {
        try {
            stop.takeLastResort();
        } finally {
            // Not halt: files that libraries have marked for deletion go too. There is no shutdown hook that waits.
            System.exit(code.number());
        }
    }

    private void endAtLast() {
        try {
            Thread.sleep(PATIENCE.toMillis());
            System.err.println(
                    "drasi-pg: gave up waiting for an end in order; what was not printed is not confirmed and"
                            + " comes again");
            endWithoutTheRun(ExitCode.FAILED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
