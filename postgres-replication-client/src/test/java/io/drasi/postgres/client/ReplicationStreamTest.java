// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.replication.StreamMessage;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Await;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.StatusUpdate;
import io.drasi.testkit.TlsFiles;
import io.drasi.testkit.WalsenderSession;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stream's own behaviour, with a server that does what a real one does rarely or never. */
class ReplicationStreamTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static ConnectionSettingsBuilder to(FakeWalsender server) {
        return ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .user("drasi");
    }

    private static FakeWalsender streaming(FakeWalsender.Script script) {
        return new FakeWalsender(session -> {
            session.acceptLogin();
            session.expectStartReplication();
            script.run(session);
        });
    }

    private static ReplicationStream start(ConnectionSettingsBuilder settings) {
        return ReplicationConnection.open(settings.build()).startReplication("slot", Lsn.INVALID, Map.of());
    }

    private static byte[] data(String text) {
        return WalsenderSession.xLogData(1, 2, 3, text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(StreamMessage message) {
        return ((StreamMessage.Data) message).xlogData().data().utf8();
    }

    @Test
    void asksForTheSlotWithOptionsInOrder() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", "1");
        options.put("publication_names", "\"it's\"");
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationConnection connection =
                        ReplicationConnection.open(to(server).build())) {
            connection.startReplication("my_slot", Lsn.parse("16/B374D848"), options);
            assertThat(server.session(0).queries())
                    .containsExactly("START_REPLICATION SLOT \"my_slot\" LOGICAL 16/B374D848"
                            + " (\"proto_version\" '1', \"publication_names\" '\"it''s\"')");
            assertThatIllegalStateException()
                    .isThrownBy(() -> connection.query("SELECT 1"))
                    .withMessageContaining("carries a replication stream");
        }
    }

    @Test
    void putsTornFramesTogether() {
        List<String> sent = new ArrayList<>();
        Bytes bytes = new Bytes();
        Random random = new Random(42);
        for (int i = 0; i < 30; i++) {
            String text = i + ":" + "x".repeat(random.nextInt(40));
            sent.add(text);
            bytes.bytes(data(text));
        }
        try (FakeWalsender server = streaming(session -> {
                    session.sendTorn(random, 17, bytes.toByteArray());
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            List<String> received = new ArrayList<>();
            while (received.size() < sent.size()) {
                received.add(text(stream.read(LONG)));
            }
            assertThat(received).isEqualTo(sent);
        }
    }

    @Test
    void yieldsKeepalivesNoticesAndNewParameters() {
        try (FakeWalsender server = streaming(session -> {
                    session.sendKeepalive(0x100, true);
                    session.sendWarning("55000", "skipped loading publication");
                    session.send(new Bytes()
                            .frame('S', body -> body.cstring("TimeZone").cstring("UTC")));
                    session.send(data("end"));
                    session.goSilent();
                });
                ReplicationConnection connection =
                        ReplicationConnection.open(to(server).build())) {
            ReplicationStream stream = connection.startReplication("slot", Lsn.INVALID, Map.of());
            assertThat(stream.read(LONG)).isInstanceOfSatisfying(StreamMessage.Keepalive.class, message -> {
                assertThat(message.keepalive().walEnd()).isEqualTo(new Lsn(0x100));
                assertThat(message.keepalive().replyRequested()).isTrue();
            });
            assertThat(stream.read(LONG))
                    .isInstanceOfSatisfying(
                            StreamMessage.Notice.class,
                            message -> assertThat(message.message().sqlState()).isEqualTo("55000"));
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Idle.class);
            assertThat(connection.parameter("TimeZone")).contains("UTC");
            assertThat(text(stream.read(LONG))).isEqualTo("end");
        }
    }

    @Test
    void yieldsNoticesFromBeforeTheStreamFirst() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.expectQuery("START_REPLICATION");
                    session.sendWarning("01000", "early");
                    session.startCopyBoth();
                    session.send(data("late"));
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            assertThat(stream.hasBuffered()).isTrue();
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Notice.class);
            assertThat(text(stream.read(LONG))).isEqualTo("late");
        }
    }

    @Test
    void takesFurtherCommandsAfterAnErrorAtTheStart() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.expectQuery("START_REPLICATION");
                    session.sendError("ERROR", "55006", "replication slot \"slot\" is active for PID 1");
                    session.sendReadyForQuery();
                    session.onQuery("SELECT", List.of("n"), List.of("1")).answerQueries();
                });
                ReplicationConnection connection =
                        ReplicationConnection.open(to(server).build())) {
            assertThatThrownBy(() -> connection.startReplication("slot", Lsn.INVALID, Map.of()))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.retryable()).isTrue())
                    .hasMessageContaining("START_REPLICATION SLOT slot on 127.0.0.1:");
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ERROR", "FATAL"})
    void reportsTheErrorAtTheStartThoughTheConnectionEndsWithIt(String severity) {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.expectQuery("START_REPLICATION");
                    session.sendError(severity, "58P01", "requested WAL segment has already been removed");
                });
                ReplicationConnection connection =
                        ReplicationConnection.open(to(server).build())) {
            assertThatThrownBy(() -> connection.startReplication("slot", Lsn.INVALID, Map.of()))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("58P01"));
        }
    }

    @Test
    void isIdleWhenNothingComes() {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server))) {
            assertThat(stream.read(Duration.ZERO)).isInstanceOf(StreamMessage.Idle.class);
            assertThat(stream.read(Duration.ofMillis(20))).isInstanceOf(StreamMessage.Idle.class);
            assertThat(stream.hasBuffered()).isFalse();
        }
    }

    @Test
    void tellsWhatIsBuffered() {
        try (FakeWalsender server = streaming(session -> {
                    session.send(Bytes.concat(data("one"), data("two")));
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            assertThat(text(stream.read(LONG))).isEqualTo("one");
            assertThat(stream.hasBuffered()).isTrue();
            assertThat(text(stream.read(Duration.ZERO))).isEqualTo("two");
            assertThat(stream.hasBuffered()).isFalse();
        }
    }

    @Test
    void givesUpASilentServerAfterAskingItForASignOfLife() {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server).peerTimeout(Duration.ofMillis(400)))) {
            stream.sendStatus(new Lsn(3), new Lsn(2), new Lsn(1), false);
            assertThatThrownBy(() -> stream.read(LONG))
                    .isInstanceOfSatisfying(
                            ConnectionLostException.class,
                            e -> assertThat(e.retryable()).isTrue())
                    .hasMessageContaining("127.0.0.1:" + server.port())
                    .hasMessageContaining("silent for PT0.4S");
            StatusUpdate probe = server.session(0).awaitStatusUpdate("a probe", StatusUpdate::replyRequested);
            assertThat(probe.flushed()).isEqualTo(2);
            assertThat(probe.written()).isEqualTo(3);
            assertThat(probe.applied()).isEqualTo(1);
        }
    }

    @Test
    void confirmsNothingWhenItAsksBeforeTheFirstStatus() {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server).peerTimeout(Duration.ofMillis(100)))) {
            assertThatThrownBy(() -> stream.read(LONG)).isInstanceOf(ConnectionLostException.class);
            StatusUpdate probe = server.session(0).awaitStatusUpdate("a probe", StatusUpdate::replyRequested);
            assertThat(probe.flushed()).isZero();
        }
    }

    @Test
    void keepsAServerThatAnswers() {
        try (FakeWalsender server = streaming(session -> {
                    session.awaitStatusUpdate("a probe", StatusUpdate::replyRequested);
                    session.sendKeepalive(0x100, false);
                    session.awaitStatusUpdate(
                            "a second probe",
                            update -> session.statusUpdates().stream()
                                            .filter(StatusUpdate::replyRequested)
                                            .count()
                                    == 2);
                    session.send(data("alive"));
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server).peerTimeout(Duration.ofSeconds(1)))) {
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Keepalive.class);
            assertThat(text(stream.read(LONG))).isEqualTo("alive");
        }
    }

    @Test
    void doesNotBlameTheServerForItsOwnPause() {
        try (FakeWalsender server = streaming(session -> {
                    session.awaitStatusUpdate("a probe", StatusUpdate::replyRequested);
                    session.sendKeepalive(0x100, false);
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server).peerTimeout(Duration.ofMillis(200)))) {
            long start = System.nanoTime();
            Await.until(
                    "the peer timeout has passed twice",
                    () -> System.nanoTime() - start > Duration.ofMillis(400).toNanos());
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Keepalive.class);
        }
    }

    @Test
    void sendsStatusFromAnotherThreadWhileAReadWaits() throws Exception {
        try (FakeWalsender server = streaming(session -> {
                    session.awaitStatusUpdate("the status", update -> update.flushed() == 0x200);
                    session.send(data("thanks"));
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            CompletableFuture<String> read = WaitingCall.start(() -> text(stream.read(LONG)));
            stream.sendStatus(new Lsn(0x300), new Lsn(0x200), new Lsn(0x100), false);
            assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo("thanks");
        }
    }

    @Test
    void wakesUpTheReadThatWaitsOrTheNextOne() throws Exception {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server))) {
            stream.wakeup();
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Idle.class);
            CompletableFuture<StreamMessage> read = WaitingCall.start(() -> stream.read(LONG));
            stream.wakeup();
            assertThat(read.get(10, TimeUnit.SECONDS)).isInstanceOf(StreamMessage.Idle.class);
        }
    }

    @Test
    void wakesUpThoughTheServerHasToBeAskedForASignOfLifeAtTheSameMoment() {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server).peerTimeout(Duration.ofSeconds(2)))) {
            long start = System.nanoTime();
            Await.until(
                    "half of the peer timeout has passed",
                    () -> System.nanoTime() - start > Duration.ofMillis(1_100).toNanos());
            stream.wakeup();
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Idle.class);
        }
    }

    @Test
    void deliversWhatIsThereBeforeItWakesUp() {
        try (FakeWalsender server = streaming(session -> {
                    session.send(data("first"));
                    session.awaitStatusUpdate("the go", update -> true);
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            assertThat(text(stream.read(LONG))).isEqualTo("first");
            stream.wakeup();
            stream.sendStatus(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, false);
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Idle.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void abortsFromAnotherThread(boolean tls) throws Exception {
        try (FakeWalsender server = new FakeWalsender(session -> {
            if (tls) {
                session.expectSslRequest();
                session.startTls(TlsFiles.shared());
            }
            session.acceptLogin();
            session.expectStartReplication();
            session.goSilent();
        })) {
            ReplicationStream stream = start(to(server));
            CompletableFuture<StreamMessage> read = WaitingCall.start(() -> stream.read(LONG));
            stream.abort();
            assertThat(read)
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(ConnectionLostException.class)
                    .withMessageContaining("closed on this side");
            assertThatThrownBy(() -> stream.sendStatus(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, false))
                    .isInstanceOf(ConnectionLostException.class);
            stream.close();
            server.session(0).awaitClosed();
        }
    }

    @Test
    void saysThatTheServerEndedTheStreamAndKeepsSayingIt() {
        try (FakeWalsender server = streaming(session -> session.sendCommandComplete("COPY 0"));
                ReplicationStream stream = start(to(server))) {
            assertThat(stream.read(LONG)).isEqualTo(new StreamMessage.Ended("the server ended the stream: COPY 0"));
            assertThat(stream.read(LONG)).isInstanceOf(StreamMessage.Ended.class);
            stream.finish(LONG);
        }
    }

    @Test
    void losesTheConnectionAtEndOfFileAndAtAReset() {
        try (FakeWalsender server = new FakeWalsender(
                session -> {
                    session.acceptLogin();
                    session.expectStartReplication();
                },
                session -> {
                    session.acceptLogin();
                    session.expectStartReplication();
                    session.reset();
                })) {
            for (int i = 0; i < 2; i++) {
                try (ReplicationStream stream = start(to(server))) {
                    assertThatThrownBy(() -> stream.read(LONG)).isInstanceOf(ConnectionLostException.class);
                }
            }
        }
    }

    @Test
    void reportsTheServersError() {
        try (FakeWalsender server = streaming(session -> session.sendError("FATAL", "57P01", "terminating"));
                ReplicationStream stream = start(to(server))) {
            assertThatThrownBy(() -> stream.read(LONG))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("57P01"))
                    .hasMessageContaining("replication stream on 127.0.0.1");
        }
    }

    @Test
    void rejectsAFrameLargerThanTheBound() {
        try (FakeWalsender server = streaming(session -> {
                    session.send(new Bytes().int8('d').int32(100_001));
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server).maxFrameLength(100_000))) {
            assertThatThrownBy(() -> stream.read(LONG))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("100001");
            assertThatThrownBy(() -> stream.sendStatus(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, false))
                    .isInstanceOf(ConnectionLostException.class);
        }
    }

    @Test
    void rejectsBytesThatAreNoMessageOfAStream() {
        List<Bytes> wrong = List.of(
                new Bytes().frame('d', body -> body.int8('?')),
                new Bytes().frame('d', body -> body.int8('w').int32(1)),
                new Bytes().frame('d', new byte[0]),
                new Bytes().frame('T', body -> body.int16(0)),
                new Bytes().frame('~', new byte[0]));
        for (Bytes bytes : wrong) {
            try (FakeWalsender server = streaming(session -> {
                        session.send(bytes);
                        session.goSilent();
                    });
                    ReplicationStream stream = start(to(server))) {
                assertThatThrownBy(() -> stream.read(LONG)).isInstanceOf(ProtocolException.class);
            }
        }
    }

    @Test
    void finishesInOrderAndSendsNoStatusAfterwards() {
        try (FakeWalsender server = streaming(session -> {
                    session.awaitCopyDone();
                    session.send(data("still under way"));
                    session.sendCopyDone();
                    session.sendCommandComplete("START_STREAMING");
                    session.sendReadyForQuery();
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            stream.finish(LONG);
            stream.sendStatus(new Lsn(1), new Lsn(1), new Lsn(1), false);
            stream.close();
            server.session(0).awaitClosed();
            assertThat(server.session(0).terminated()).isTrue();
            assertThat(server.session(0).statusUpdates()).isEmpty();
        }
    }

    @Test
    void givesUpFinishingAfterATime() {
        try (FakeWalsender server = streaming(WalsenderSession::goSilent);
                ReplicationStream stream = start(to(server))) {
            stream.finish(Duration.ofMillis(100));
            server.session(0).awaitCopyDone();
        }
    }

    @Test
    void finishesThoughTheServerIsGone() {
        try (FakeWalsender server = streaming(WalsenderSession::reset);
                ReplicationStream stream = start(to(server))) {
            server.session(0).awaitClosed();
            stream.finish(LONG);
        }
    }

    @Test
    void readsThroughTlsAsFastAsItComes() {
        byte[] megabyte = new byte[1_000_000];
        new Random(1).nextBytes(megabyte);
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.expectSslRequest();
                    session.startTls(TlsFiles.shared());
                    session.acceptLogin();
                    session.expectStartReplication();
                    for (int i = 0; i < 10; i++) {
                        session.sendXLogData(i, i, 0, megabyte);
                        session.send(data("small"));
                    }
                    session.goSilent();
                });
                ReplicationStream stream = start(to(server))) {
            for (int i = 0; i < 10; i++) {
                StreamMessage message = stream.read(LONG);
                assertThat(((StreamMessage.Data) message).xlogData().data().equals(ByteSlice.of(megabyte)))
                        .isTrue();
                assertThat(text(stream.read(LONG))).isEqualTo("small");
                stream.sendStatus(new Lsn(i), new Lsn(i), new Lsn(i), false);
            }
        }
    }
}
