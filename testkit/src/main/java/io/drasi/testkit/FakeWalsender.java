// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A TCP server that says what a test's script says, also what no real server would: for torn, malformed, silent and
 * broken streams. It listens on {@value #HOST} from the constructor on.
 *
 * <pre>{@code
 * try (FakeWalsender server = new FakeWalsender(session -> {
 *     session.acceptLogin();
 *     session.expectStartReplication();
 *     session.sendKeepalive(0x100, true);
 *     session.awaitStatusUpdate("the reply", update -> update.flushed() == 0x100);
 *     session.reset();
 * })) { … }
 * }</pre>
 */
public final class FakeWalsender implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    /** Used again: some tests make thousands of sessions, and a thread costs more than the bytes that it reads. */
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(FakeWalsender::thread);

    private final ServerSocket listener;
    private final List<Script> scripts;
    private final List<WalsenderSession> sessions = new CopyOnWriteArrayList<>();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /**
     * What happens on one connection, in a thread of its own. When the script ends, the connection is
     * closed; what was sent before still arrives. An IOException means that the client went away, which is for the test
     * to judge; anything else that is thrown is a failure of the test.
     */
    @FunctionalInterface
    public interface Script {
        void run(WalsenderSession session) throws Exception;
    }

    /** Starts a server with one script for every connection. */
    public FakeWalsender(Script script) {
        this(List.of(script));
    }

    /** Starts a server with a script for each connection in turn; the last one also serves all later connections. */
    public FakeWalsender(Script first, Script second, Script... more) {
        this(Stream.concat(Stream.of(first, second), Arrays.stream(more)).toList());
    }

    private FakeWalsender(List<Script> scripts) {
        this.scripts = scripts;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        startThread("fake walsender", this::accept);
    }

    static void startThread(String name, Runnable body) {
        THREADS.execute(() -> {
            Thread.currentThread().setName(name);
            body.run();
        });
    }

    private static Thread thread(Runnable body) {
        Thread thread = new Thread(body);
        thread.setDaemon(true);
        return thread;
    }

    public String host() {
        return HOST;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** How many connections were accepted so far. */
    public int connections() {
        return sessions.size();
    }

    /** Waits for a connection by its number, from 0 on, so that a test can look at what was received. */
    public WalsenderSession session(int number) {
        Await.until("connection " + number + " is made", () -> sessions.size() > number);
        return sessions.get(number);
    }

    private void accept() {
        try {
            while (!closed) {
                Socket socket = listener.accept();
                int number = sessions.size();
                WalsenderSession session = new WalsenderSession(socket, number);
                sessions.add(session);
                Script script = scripts.get(Math.min(number, scripts.size() - 1));
                startThread("fake walsender session " + number, () -> run(script, session));
            }
        } catch (IOException e) {
            if (!closed) {
                failures.add(e);
            }
        }
    }

    private void run(Script script, WalsenderSession session) {
        try {
            script.run(session);
            session.finish();
        } catch (IOException e) {
            session.clientWentAway(e);
        } catch (Throwable e) {
            // What a script throws while the test closes the server is only the end of its waiting.
            if (!closed) {
                failures.add(e);
            }
        } finally {
            session.close();
        }
    }

    /**
     * Closes all connections and the server.
     *
     * @throws AssertionError if a script failed, or a client broke the protocol
     */
    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sessions.forEach(WalsenderSession::close);
        for (Throwable failure : failures) {
            throw new AssertionError("the script of the fake walsender failed: " + failure, failure);
        }
        sessions.forEach(WalsenderSession::throwViolation);
    }
}
