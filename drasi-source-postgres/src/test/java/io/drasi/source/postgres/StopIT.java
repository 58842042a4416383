// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.FakeWalsender;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Whatever a source waits for, it stops at once, in order, and leaves nothing behind. */
class StopIT {
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();
    private static final SubscriptionSettings STREAM = SubscriptionSettings.forQuery(SourceFixture.QUERY_ID);

    @SomeVersion
    void tellsTheServerWhatWasConfirmedLast(int version) {
        try (SourceFixture fixture = withMarks(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            for (int round = 0; round < 10; round++) {
                try (Recorder recorder = fixture.record(source, STREAM, false)) {
                    source.start();
                    fixture.awaitStreaming(source);
                    Follower.mark(fixture.database());
                    Follower.mark(fixture.database());
                    SourceEvent.Transaction confirmed = recorder.transaction();
                    recorder.transaction(); // from now on it is outstanding, and holds the position where it is
                    recorder.confirm(confirmed);
                    SourceTraces.stopPromptly(source);
                    Await.untilAsserted(
                            "the server knows it",
                            () -> assertThat(fixture.confirmedFlushLsn()).contains(new Lsn(confirmed.endLsn())));
                    assertThat(source.confirmedLsn()).isEqualTo(new Lsn(confirmed.endLsn()));
                    assertThat(source.status().status()).isEqualTo(ComponentStatus.STOPPED);
                    assertThat(recorder.subscription().ended()).isTrue();
                    SourceTraces.awaitConnections(fixture, 0);
                }
            }
        }
    }

    @SomeVersion
    void stopsWhileItWaitsForASubscription(int version) {
        try (SourceFixture fixture = withMarks(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            source.start();
            Await.until("it waits", () -> source.status().status() == ComponentStatus.RUNNING);
            assertThat(source.status().message()).contains("waits for a subscription");
            SourceTraces.stopPromptly(source);
            SourceTraces.awaitConnections(fixture, 0);
        }
    }

    /** A subscriber that takes nothing holds the stream back. */
    @SomeVersion
    void stopsWhileAQueueIsFull(int version) {
        try (SourceFixture fixture = withMarks(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withDispatchBufferCapacity(1));
            Lsn confirmed;
            try (Subscription subscription = source.subscribe(STREAM)) {
                source.start();
                fixture.awaitStreaming(source);
                for (int i = 0; i < 5; i++) {
                    Follower.mark(fixture.database());
                }
                SourceTraces.awaitThreadAtFullQueue();
                SourceTraces.stopPromptly(source);
                SourceTraces.awaitConnections(fixture, 0);
                assertThat(subscription.ended()).isTrue();
                confirmed = fixture.confirmedFlushLsn().orElseThrow();
            }
            try (Recorder recorder = fixture.record(source, STREAM)) {
                source.start();
                SourceEvent.Transaction first = recorder.transaction();
                assertThat(Recorder.readable(first))
                        .hasSize(1)
                        .first()
                        .asString()
                        .startsWith("insert marks:1 ");
                assertThat(confirmed).isLessThanOrEqualTo(new Lsn(first.commitLsn()));
            }
        }
    }

    @SomeVersion
    void stopsInTheMiddleOfABootstrapThatNobodyReads(int version) {
        try (SourceFixture fixture = withMarks(version)) {
            fixture.execute("INSERT INTO marks SELECT i FROM generate_series(1, 10000) AS i");
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(10).withDispatchBufferCapacity(1));
            try (Subscription subscription = source.subscribe(BOOTSTRAP)) {
                source.start();
                SourceTraces.awaitThreadAtFullQueue();
                SourceTraces.stopPromptly(source);
                SourceTraces.awaitConnections(fixture, 0);
                assertThat(subscription.ended()).isTrue();
            }
        }
    }

    /** The server would wait on for the transaction, also without anybody to tell that the slot is made. */
    @SomeVersion
    void stopsWhileTheSlotWaitsForAnOpenTransaction(int version) throws Exception {
        try (SourceFixture fixture = withMarks(version);
                Connection writer = fixture.database().connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO marks VALUES (1000)");
            for (SubscriptionSettings settings : List.of(BOOTSTRAP, STREAM)) {
                PostgresReplicationSource source = fixture.source(fixture.builder());
                try (Subscription subscription = source.subscribe(settings)) {
                    source.start();
                    awaitSlotCreation(fixture);
                    SourceTraces.stopPromptly(source);
                    SourceTraces.awaitConnections(fixture, 0);
                    assertThat(fixture.confirmedFlushLsn()).as("the slot").isEmpty();
                    assertThat(subscription.ended()).isTrue();
                }
            }
            writer.commit();
            try (Recorder recorder = fixture.bootstrap()) {
                assertThat(recorder.snapshot().readable()).containsExactly("insert marks:1000 {id=1000}");
            }
        }
    }

    private static void awaitSlotCreation(SourceFixture fixture) {
        Await.until(
                "the slot's creation waits for a transaction",
                () -> !fixture.server()
                        .query("SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted"
                                + " AND locktype = 'transactionid' AND application_name = 'drasi source'")
                        .isEmpty());
    }

    /** A host that takes the connection and then says nothing. */
    @Test
    void stopsWhileTheServerIsSilent() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (FakeWalsender server = new FakeWalsender(session -> {
            asked.countDown();
            session.goSilent();
        })) {
            stopWhileConnecting(server.port(), asked);
        }
    }

    /** A host that drops what is sent to it. */
    @Test
    void stopsWhileNobodyAnswers() throws Exception {
        List<SocketChannel> waiting = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // As soon as one stays unconnected, the queue of connections that nobody accepts is full.
            boolean connected = true;
            while (connected) {
                SocketChannel channel = SocketChannel.open();
                waiting.add(channel);
                channel.configureBlocking(false);
                connected = channel.connect(full.getLocalSocketAddress()) || connectsSoon(channel);
            }
            stopWhileConnecting(full.getLocalPort(), new CountDownLatch(0));
        } finally {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
        }
    }

    private static boolean connectsSoon(SocketChannel channel) throws IOException {
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_CONNECT);
            return selector.select(200) > 0 && channel.finishConnect();
        }
    }

    private static void stopWhileConnecting(int port, CountDownLatch asked) throws InterruptedException {
        try (PostgresReplicationSource source = PostgresReplicationSource.builder("source")
                        .withHost("127.0.0.1")
                        .withPort(port)
                        .withDatabase("postgres")
                        .withUser("postgres")
                        .withConnectTimeout(Duration.ofMinutes(1))
                        .build();
                Subscription subscription = source.subscribe(BOOTSTRAP)) {
            source.start();
            assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
            SourceTraces.awaitThreadIn(SocketTransport.class);
            SourceTraces.stopPromptly(source);
            assertThat(source.status().status()).isEqualTo(ComponentStatus.STOPPED);
            assertThat(subscription.ended()).isTrue();
        }
    }

    /** Between two attempts to connect. */
    @Test
    void stopsWhileItWaitsForTheNextAttempt() throws Exception {
        int unused;
        try (ServerSocket socket = new ServerSocket(0)) {
            unused = socket.getLocalPort();
        }
        try (PostgresReplicationSource source = PostgresReplicationSource.builder("source")
                .withHost("127.0.0.1")
                .withPort(unused)
                .withDatabase("postgres")
                .withUser("postgres")
                .build()) {
            source.start();
            Await.until(
                    "it waits for long",
                    () -> source.status().message().orElse("").contains("next try in 5000 ms"));
            SourceTraces.stopPromptly(source);
        }
    }

    private static SourceFixture withMarks(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE marks (id bigserial PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }
}
