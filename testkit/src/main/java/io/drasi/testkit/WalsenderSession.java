// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import javax.net.ssl.SSLSocket;

/**
 * One connection of a {@link FakeWalsender}. Its script reads and sends; once {@link #startCopyBoth()} was called, a
 * thread of the session reads instead and records what the client sends, which any thread may look at.
 */
public final class WalsenderSession implements AutoCloseable {
    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_ENCRYPTION_REQUEST = 80877104;
    private static final int PROTOCOL_3_0 = 196608;
    private static final int TEXT_OID = 25;
    private static final int LONGEST_MESSAGE = 1 << 24;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Socket socket;
    private final int number;
    private final Map<String, Answer> answers = new LinkedHashMap<>();
    private final List<StatusUpdate> statusUpdates = new CopyOnWriteArrayList<>();
    private final List<String> queries = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CountDownLatch copyDone = new CountDownLatch(1);
    private volatile boolean copyBoth;
    private volatile boolean terminated;
    private volatile Optional<IOException> end = Optional.empty();
    private volatile Optional<AssertionError> violation = Optional.empty();
    private DataInputStream in;
    private OutputStream out;

    WalsenderSession(Socket socket, int number) throws IOException {
        this.socket = socket;
        this.number = number;
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
    }

    /** How a query is answered. */
    @FunctionalInterface
    public interface Answer {
        /** Sends the whole answer, up to ReadyForQuery. */
        void to(String sql) throws Exception;
    }

    /** The connection's number at its server, from 0 on. */
    public int number() {
        return number;
    }

    // ---- login

    /**
     * Reads an SSLRequest; the script answers it with {@link #startTls} or with bytes of its own.
     *
     * @throws AssertionError if something else comes
     */
    public void expectSslRequest() throws IOException {
        byte[] body = readBody();
        if (body.length != 4 || ByteBuffer.wrap(body).getInt() != SSL_REQUEST) {
            throw new AssertionError("not an SSLRequest: " + new Bytes().bytes(body));
        }
    }

    /** Sends {@code S} and goes on in TLS, with the server certificate. */
    public void startTls(TlsFiles files) throws IOException {
        send((byte) 'S');
        SSLSocket tls = (SSLSocket) files.serverContext()
                .getSocketFactory()
                .createSocket(socket, socket.getInetAddress().getHostAddress(), socket.getPort(), true);
        tls.setUseClientMode(false);
        tls.startHandshake();
        in = new DataInputStream(new BufferedInputStream(tls.getInputStream()));
        out = tls.getOutputStream();
    }

    /**
     * Reads the startup message and returns its parameters; requests for encryption before it are refused.
     *
     * @throws AssertionError if something else comes
     */
    public Map<String, String> expectStartup() throws IOException {
        while (true) {
            byte[] body = readBody();
            int code = body.length < 4 ? 0 : ByteBuffer.wrap(body).getInt();
            if (code == PROTOCOL_3_0) {
                return startupParameters(body);
            }
            if (body.length != 4 || (code != SSL_REQUEST && code != GSS_ENCRYPTION_REQUEST)) {
                throw new AssertionError("not a startup message of protocol 3.0: " + new Bytes().bytes(body));
            }
            send((byte) 'N');
        }
    }

    private static Map<String, String> startupParameters(byte[] body) {
        String[] words = new String(body, 4, body.length - 4, StandardCharsets.UTF_8).split("\0", -1);
        Map<String, String> parameters = new LinkedHashMap<>();
        for (int i = 0; i + 1 < words.length && !words[i].isEmpty(); i += 2) {
            parameters.put(words[i], words[i + 1]);
        }
        return parameters;
    }

    /** Lets the client in without a password, as a server of version 18.6, and returns its startup parameters. */
    public Map<String, String> acceptLogin() throws IOException {
        return acceptLogin("18.6");
    }

    /** Lets the client in without a password, as a server of the given version, and returns its startup parameters. */
    public Map<String, String> acceptLogin(String serverVersion) throws IOException {
        Map<String, String> parameters = expectStartup();
        send(new Bytes()
                .frame('R', body -> body.int32(0))
                .frame('S', body -> body.cstring("server_version").cstring(serverVersion))
                .frame('S', body -> body.cstring("server_encoding").cstring("UTF8"))
                .frame('S', body -> body.cstring("client_encoding").cstring("UTF8"))
                .frame('S', body -> body.cstring("integer_datetimes").cstring("on"))
                .frame('S', body -> body.cstring("standard_conforming_strings").cstring("on"))
                .frame('K', body -> body.int32(4711 + number).int32(815)));
        sendReadyForQuery();
        return parameters;
    }

    /**
     * Reads a message and returns all of it after the length, e.g. a password.
     *
     * @throws AssertionError if it has another type
     */
    public byte[] expectMessage(char type) throws IOException {
        Message message = readMessage();
        if (message.type != type) {
            throw new AssertionError("not a message '" + type + "' but " + message);
        }
        return message.body;
    }

    private Message readMessage() throws IOException {
        return new Message((char) in.readUnsignedByte(), readBody());
    }

    private static final class Message {
        final char type;
        final byte[] body;

        Message(char type, byte[] body) {
            this.type = type;
            this.body = body;
        }

        @Override
        public String toString() {
            return "'" + type + "' " + new Bytes().bytes(body);
        }
    }

    // ---- queries

    /**
     * Reads a query and returns it.
     *
     * @throws AssertionError if another message comes, or a query with another beginning
     */
    public String expectQuery(String beginning) throws IOException {
        String sql = readQuery().orElseThrow(() -> new AssertionError("no query but Terminate"));
        if (!sql.startsWith(beginning)) {
            throw new AssertionError("no query " + beginning + "… but " + sql);
        }
        return sql;
    }

    /** Sets how {@link #answerQueries} answers the queries with a beginning; of several the first one set wins. */
    public WalsenderSession onQuery(String beginning, Answer answer) {
        answers.putIfAbsent(beginning, answer);
        return this;
    }

    /** {@link #onQuery} for a result set: the names of the columns and one row in text. */
    public WalsenderSession onQuery(String beginning, List<String> columns, List<String> row) {
        return onQuery(beginning, sql -> sendRows(columns, List.of(row)));
    }

    /** {@link #onQuery} for IDENTIFY_SYSTEM. */
    public WalsenderSession onIdentifySystem(String systemId, String xlogPosition, String database) {
        return onQuery(
                "IDENTIFY_SYSTEM",
                List.of("systemid", "timeline", "xlogpos", "dbname"),
                List.of(systemId, "1", xlogPosition, database));
    }

    /** {@link #onQuery} for CREATE_REPLICATION_SLOT. */
    public WalsenderSession onCreateReplicationSlot(String slot, String consistentPoint, String snapshot) {
        return onQuery(
                "CREATE_REPLICATION_SLOT",
                List.of("slot_name", "consistent_point", "snapshot_name", "output_plugin"),
                List.of(slot, consistentPoint, snapshot, "pgoutput"));
    }

    /**
     * Answers queries until the client terminates, or until one was answered with {@link #startCopyBoth()}.
     *
     * @throws AssertionError if a query has no answer
     */
    public void answerQueries() throws Exception {
        while (!copyBoth) {
            Optional<String> sql = readQuery();
            if (sql.isEmpty()) {
                return;
            }
            answers.entrySet().stream()
                    .filter(entry -> sql.get().startsWith(entry.getKey()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no answer is set for the query " + sql.get()))
                    .getValue()
                    .to(sql.get());
        }
    }

    /** All queries so far. */
    public List<String> queries() {
        return List.copyOf(queries);
    }

    private Optional<String> readQuery() throws IOException {
        Message message = readMessage();
        byte[] body = message.body;
        if (message.type == 'X') {
            terminated = true;
            return Optional.empty();
        }
        if (message.type != 'Q' || body.length == 0 || body[body.length - 1] != 0) {
            throw new AssertionError("not a query but " + message);
        }
        String sql = new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
        queries.add(sql);
        return Optional.of(sql);
    }

    /**
     * Sends a whole answer: RowDescription, DataRows in text, CommandComplete and ReadyForQuery. A value that is
     * {@link Database#NULL_TEXT} is sent as NULL.
     */
    public void sendRows(List<String> columns, List<List<String>> rows) throws IOException {
        Bytes bytes = new Bytes().frame('T', body -> {
            body.int16(columns.size());
            columns.forEach(name -> body.cstring(name)
                    .int32(0)
                    .int16(0)
                    .int32(TEXT_OID)
                    .int16(-1)
                    .int32(-1)
                    .int16(0));
        });
        for (List<String> row : rows) {
            bytes.frame('D', body -> {
                body.int16(row.size());
                row.forEach(value -> {
                    if (value.equals(Database.NULL_TEXT)) {
                        body.int32(-1);
                    } else {
                        body.sizedText(value);
                    }
                });
            });
        }
        send(bytes);
        sendCommandComplete("SELECT " + rows.size());
        sendReadyForQuery();
    }

    public void sendCommandComplete(String tag) throws IOException {
        send(new Bytes().frame('C', body -> body.cstring(tag)));
    }

    /** ReadyForQuery outside a transaction. */
    public void sendReadyForQuery() throws IOException {
        send(new Bytes().frame('Z', body -> body.int8('I')));
    }

    /**
     * An ErrorResponse.
     *
     * @param severity e.g. {@code "ERROR"} or {@code "FATAL"}
     */
    public void sendError(String severity, String sqlState, String message) throws IOException {
        sendFields('E', severity, sqlState, message);
    }

    /** A NoticeResponse of severity WARNING. */
    public void sendWarning(String sqlState, String message) throws IOException {
        sendFields('N', "WARNING", sqlState, message);
    }

    private void sendFields(char type, String severity, String sqlState, String message) throws IOException {
        send(new Bytes()
                .frame(
                        type,
                        body -> body.int8('S')
                                .cstring(severity)
                                .int8('V')
                                .cstring(severity)
                                .int8('C')
                                .cstring(sqlState)
                                .int8('M')
                                .cstring(message)
                                .int8(0)));
    }

    // ---- the replication stream

    /** {@link #answerQueries} up to START_REPLICATION, answered with {@link #startCopyBoth()}; returns that query. */
    public String expectStartReplication() throws Exception {
        onQuery("START_REPLICATION", sql -> startCopyBoth());
        answerQueries();
        if (!copyBoth) {
            throw new AssertionError("no START_REPLICATION but Terminate");
        }
        return queries.get(queries.size() - 1);
    }

    /** Sends CopyBothResponse and begins to record what the client sends. */
    public void startCopyBoth() throws IOException {
        copyBoth = true;
        send(new Bytes().frame('W', body -> body.int8(0).int16(0)));
        FakeWalsender.startThread("fake walsender recorder " + number, this::record);
    }

    private void record() {
        try {
            while (true) {
                Message message = readMessage();
                switch (message.type) {
                    case 'd' -> statusUpdates.add(StatusUpdate.parse(message.body));
                    case 'c' -> copyDone.countDown();
                    case 'X' -> terminated = true;
                    default -> throw new AssertionError("unexpected message " + message);
                }
            }
        } catch (IOException e) {
            clientWentAway(e);
        } catch (AssertionError e) {
            violation = Optional.of(e);
        } finally {
            ended.countDown();
        }
    }

    void clientWentAway(IOException e) {
        end = Optional.of(e);
        ended.countDown();
    }

    void throwViolation() {
        violation.ifPresent(e -> {
            throw new AssertionError("the client of the fake walsender broke the protocol: " + e.getMessage(), e);
        });
    }

    /**
     * CopyData with XLogData.
     *
     * @param clockMicros the server's clock in microseconds since 2000-01-01 UTC
     */
    public void sendXLogData(long walStart, long walEnd, long clockMicros, byte... data) throws IOException {
        send(xLogData(walStart, walEnd, clockMicros, data));
    }

    /** CopyData with a primary keepalive message. */
    public void sendKeepalive(long walEnd, boolean replyRequested) throws IOException {
        send(keepalive(walEnd, 0, replyRequested));
    }

    /** The bytes that {@link #sendXLogData} sends. */
    public static byte[] xLogData(long walStart, long walEnd, long clockMicros, byte... data) {
        return new Bytes()
                .frame(
                        'd',
                        body -> body.int8('w')
                                .int64(walStart)
                                .int64(walEnd)
                                .int64(clockMicros)
                                .bytes(data))
                .toByteArray();
    }

    /** The bytes that {@link #sendKeepalive} sends. */
    public static byte[] keepalive(long walEnd, long clockMicros, boolean replyRequested) {
        return new Bytes()
                .frame(
                        'd',
                        body -> body.int8('k').int64(walEnd).int64(clockMicros).int8(replyRequested ? 1 : 0))
                .toByteArray();
    }

    public void sendCopyDone() throws IOException {
        send(new Bytes().frame('c'));
    }

    /** The status updates so far, the oldest first. */
    public List<StatusUpdate> statusUpdates() {
        return List.copyOf(statusUpdates);
    }

    /**
     * Waits for a status update that fits, counting those that came before, and returns the first one.
     *
     * @throws AssertionError with all that came if there is none within 30 s
     */
    public StatusUpdate awaitStatusUpdate(String what, Predicate<StatusUpdate> fits) {
        try {
            return Await.untilPresent(
                    "the client sends " + what,
                    PATIENCE,
                    () -> statusUpdates.stream().filter(fits).findFirst());
        } catch (AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "; it sent " + statusUpdates
                            + end.map(x -> ", then " + x).orElse(""),
                    e);
        }
    }

    /** Whether the client has sent CopyDone. */
    public boolean copyDone() {
        return copyDone.getCount() == 0;
    }

    /** Waits for the client's CopyDone. */
    public void awaitCopyDone() {
        Await.until("the client sends CopyDone", PATIENCE, this::copyDone);
    }

    /** Waits until the client closes the connection, after {@link #startCopyBoth()}. */
    public void awaitClosed() {
        Await.until("the client closes the connection", PATIENCE, () -> ended.getCount() == 0);
    }

    /** Whether the client said goodbye with a Terminate message. */
    public boolean terminated() {
        return terminated;
    }

    // ---- bytes

    public void send(Bytes bytes) throws IOException {
        send(bytes.toByteArray());
    }

    public synchronized void send(byte... bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** Sends the bytes in pieces of 1 to {@code longest} bytes, each after the client has read the one before it. */
    public void sendTorn(Random random, int longest, byte... bytes) throws IOException {
        for (int start = 0; start < bytes.length; ) {
            int length = Math.min(bytes.length - start, 1 + random.nextInt(longest));
            send(Arrays.copyOfRange(bytes, start, start + length));
            ReceiveQueue.awaitRead(socket);
            start += length;
        }
    }

    private byte[] readBody() throws IOException {
        int length = in.readInt();
        if (length < 4 || length > LONGEST_MESSAGE) {
            throw new AssertionError("a message with length " + length);
        }
        byte[] body = new byte[length - 4];
        in.readFully(body);
        return body;
    }

    // ---- ends

    /** Says nothing more and keeps the connection open, until the client or the test closes it. */
    public void goSilent() throws IOException, InterruptedException {
        if (!copyBoth) {
            // Nobody else reads here, and unread bytes would hide the client's end of file.
            drain();
            ended.countDown();
        }
        ended.await();
    }

    /** Ends the connection with a TCP reset. */
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
        ended.countDown();
    }

    /** Closes the server's direction, and the connection when the client has closed the other one. */
    void finish() throws IOException, InterruptedException {
        if (!socket.isClosed()) {
            // Closing a socket with unread bytes resets the connection, and then what was sent can be lost.
            socket.shutdownOutput();
            if (copyBoth) {
                ended.await();
            } else {
                drain();
            }
        }
    }

    private void drain() throws IOException {
        // The socket itself and not the TLS on top: what it brings doesn't matter any more.
        InputStream rest = socket.getInputStream();
        rest.transferTo(OutputStream.nullOutputStream());
    }

    /** Closes the connection at once; with unread bytes of the client, that is a reset. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ended.countDown();
    }
}
