// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import io.drasi.testkit.Fault.Direction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stands between clients and a server and passes bytes, whatever they mean, also those of TLS; until it is told of a
 * {@link Fault}, at once or after a number of bytes. It listens on {@value #HOST} from the constructor on. Thread-safe.
 *
 * <pre>{@code
 * try (FaultyProxy proxy = new FaultyProxy(server.host(), server.port())) {
 *     proxy.inflictOnNext(Direction.TO_CLIENT, 100, new Fault.Reset()); // in the middle of a login
 *     …
 * }
 * }</pre>
 */
public final class FaultyProxy implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final ServerSocket listener;
    // All below are guarded by this.
    private String serverHost;
    private int serverPort;
    private final List<ProxiedConnection> connections = new ArrayList<>();
    private final List<Fault> lasting = new ArrayList<>();
    private final List<Armed> armed = new ArrayList<>();
    private final Map<Direction, Long> passed = new EnumMap<>(Direction.class);
    private int accepted;
    private int struck;
    private boolean closed;

    /** A fault that waits for its moment. */
    private static final class Armed {
        final Fault fault;
        final Direction direction;
        /** Which connection it is for, by number; empty: any. */
        final Optional<Integer> connection;

        long bytesLeft;

        Armed(Fault fault, Direction direction, Optional<Integer> connection, long bytes) {
            this.fault = fault;
            this.direction = direction;
            this.connection = connection;
            this.bytesLeft = bytes;
        }

        boolean concerns(ProxiedConnection passing, Direction way) {
            return direction == way
                    && connection.filter(number -> number != passing.number()).isEmpty();
        }
    }

    /** So many bytes may be passed, and then that happens to their connection. */
    record Passage(int length, Optional<Fault> then) {}

    public FaultyProxy(String serverHost, int serverPort) {
        this.serverHost = serverHost;
        this.serverPort = serverPort;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        FakeWalsender.startThread("faulty proxy", this::accept);
    }

    public String host() {
        return HOST;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Connections that are made from now on lead to another server, as when an address is moved; the others stay. */
    public synchronized void lead(PostgresServer server) {
        serverHost = server.host();
        serverPort = server.port();
    }

    /**
     * Inflicts a fault on all connections that are open. One that lasts (freeze, delay, throttle, segment) is also inflicted
     * on those that are made later, until {@link #heal}.
     */
    public synchronized void inflict(Fault fault) {
        if (!(fault instanceof Fault.Cut || fault instanceof Fault.Reset)) {
            lasting.add(fault);
        }
        connections.forEach(connection -> connection.suffer(fault));
    }

    /**
     * Inflicts a fault on one connection: that which passes the last of the next {@code bytes} bytes in that direction, those of
     * all connections counted together. None: that which is about to pass the next byte.
     */
    public synchronized void inflictAfter(Direction direction, long bytes, Fault fault) {
        armed.add(new Armed(fault, direction, Optional.empty(), bytes));
    }

    /** Inflicts a fault on the connection that is made next, when it has passed that many bytes in that direction. */
    public synchronized void inflictOnNext(Direction direction, long bytes, Fault fault) {
        armed.add(new Armed(fault, direction, Optional.of(accepted), bytes));
    }

    /** Ends the faults that last, and forgets those that have not struck yet. What a freeze held back is passed then. */
    public synchronized void heal() {
        lasting.clear();
        armed.clear();
        connections.forEach(ProxiedConnection::heal);
    }

    /** Bytes passed so far in that direction, on all connections. */
    public synchronized long passed(Direction direction) {
        return passed.getOrDefault(direction, 0L);
    }

    /** The connections made so far. */
    public synchronized int connections() {
        return accepted;
    }

    /** Faults that waited for their moment and have struck. */
    public synchronized int struck() {
        return struck;
    }

    /** Tells how many of the bytes that wait may be passed, and what is to happen then. */
    synchronized Passage passage(ProxiedConnection connection, Direction direction, int most) {
        long length = most;
        for (Armed fault : armed) {
            if (fault.concerns(connection, direction)) {
                length = Math.min(length, fault.bytesLeft);
            }
        }
        Optional<Armed> striking = Optional.empty();
        for (Armed fault : armed) {
            if (fault.concerns(connection, direction)) {
                fault.bytesLeft -= length;
                if (fault.bytesLeft == 0 && striking.isEmpty()) {
                    striking = Optional.of(fault);
                }
            }
        }
        striking.ifPresent(armed::remove);
        struck += striking.isPresent() ? 1 : 0;
        passed.merge(direction, length, Long::sum);
        return new Passage((int) length, striking.map(fault -> fault.fault));
    }

    synchronized void ended(ProxiedConnection connection) {
        connections.remove(connection);
    }

    private void accept() {
        try {
            while (true) {
                add(listener.accept());
            }
        } catch (IOException e) {
            close(); // closed already, most likely
        }
    }

    private synchronized void add(Socket client) throws IOException {
        if (closed) {
            client.close();
            return;
        }
        int number = accepted++;
        try {
            ProxiedConnection connection =
                    new ProxiedConnection(this, number, client, new Socket(serverHost, serverPort));
            connections.add(connection);
            lasting.forEach(connection::suffer);
            connection.start();
        } catch (IOException e) {
            // There is no server now: the client sees its connection end.
            client.close();
        }
    }

    /** Ends all connections. */
    @Override
    public void close() {
        List<ProxiedConnection> ending;
        synchronized (this) {
            closed = true;
            ending = List.copyOf(connections);
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ending.forEach(ProxiedConnection::reset);
    }
}
