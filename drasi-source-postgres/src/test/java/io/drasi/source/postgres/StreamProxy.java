// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.Bytes;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.WalsenderSession;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stands between a source and a real server and passes everything on, but for the replication stream: what the source gets
 * after the answer to START_REPLICATION comes from the test. What the source says still reaches the server. Without TLS.
 */
final class StreamProxy implements AutoCloseable {
    private final PostgresServer server;
    private final Script script;
    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** Plays the server of a stream. */
    @FunctionalInterface
    interface Script {
        void run(Stream stream) throws IOException;
    }

    /** The way to the source. */
    record Stream(Socket client) {
        void send(Bytes bytes) throws IOException {
            send(bytes.toByteArray());
        }

        void send(byte[] bytes) throws IOException {
            client.getOutputStream().write(bytes);
        }

        /** Messages of pgoutput, each at a place 16 bytes after the one before. */
        void sendMessages(long lsn, byte[]... messages) throws IOException {
            for (int i = 0; i < messages.length; i++) {
                long place = lsn + 16L * i;
                send(WalsenderSession.xLogData(place, place, 0, messages[i]));
            }
        }

        void reset() throws IOException {
            client.setSoLinger(true, 0);
            client.close();
        }
    }

    StreamProxy(PostgresServer server, Script script) {
        this.server = server;
        this.script = script;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        startThread(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private static void startThread(Runnable body) {
        Thread thread = new Thread(body, "stream proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket backend = new Socket(server.host(), server.port());
                client.setTcpNoDelay(true);
                backend.setTcpNoDelay(true);
                sockets.addAll(List.of(client, backend));
                startThread(() -> pass(client, backend));
                startThread(() -> answer(backend, client));
            }
        } catch (IOException e) {
            close();
        }
    }

    private static void pass(Socket client, Socket backend) {
        try (client;
                backend;
                InputStream in = client.getInputStream();
                OutputStream out = backend.getOutputStream()) {
            in.transferTo(out);
        } catch (IOException e) {
            // One side is gone; closing both lets the other side know.
        }
    }

    private void answer(Socket backend, Socket client) {
        try (DataInputStream in = new DataInputStream(backend.getInputStream())) {
            OutputStream out = client.getOutputStream();
            int type;
            do {
                type = in.read();
                if (type < 0) {
                    client.close();
                    return;
                }
                byte[] body = new byte[in.readInt() - Integer.BYTES];
                in.readFully(body);
                out.write(new Bytes().frame((char) type, body).toByteArray());
            } while (type != 'W');
            script.run(new Stream(client));
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // As above.
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
