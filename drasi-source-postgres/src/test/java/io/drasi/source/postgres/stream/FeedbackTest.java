// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.subscription.Outlet;
import io.drasi.source.postgres.subscription.Subscriptions;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.testkit.Await;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.StatusUpdate;
import io.drasi.testkit.WalsenderSession;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** When the server is sent a status. The bounds hold however long a thread of the test is stalled. */
class FeedbackTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final long START = 0x100;

    @Test
    void answersRequestsWithoutAPauseWithAStatusEvery100Milliseconds() {
        AtomicInteger requests = new AtomicInteger();
        AtomicInteger statuses = new AtomicInteger();
        AtomicLong millis = new AtomicLong();
        stream(LONG, session -> {
            long begin = System.nanoTime();
            Await.until("a second has passed, with some answers", () -> {
                for (int i = 0; i < 1_000; i++) {
                    session.sendKeepalive(START, true);
                    requests.incrementAndGet();
                }
                statuses.set(session.statusUpdates().size());
                millis.set((System.nanoTime() - begin) / 1_000_000);
                return millis.get() >= 1_500 && statuses.get() >= 5;
            });
            assertConfirmNothingNew(session);
        });
        assertThat(statuses.longValue())
                .as("of %s requests in %s ms answered", requests, millis)
                .isLessThanOrEqualTo(2 * millis.get() / 100);
        assertThat(requests.longValue()).isGreaterThan(20 * statuses.longValue());
    }

    @Test
    void sendsAStatusAtAnIntervalThoughTheServerSaysNothing() {
        Duration interval = Duration.ofMillis(300);
        long begin = System.nanoTime();
        stream(interval, session -> {
            Await.until("there are four", () -> session.statusUpdates().size() >= 4);
            assertConfirmNothingNew(session);
        });
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .as("the first one comes at once, the others after the interval")
                .isGreaterThanOrEqualTo(interval.multipliedBy(3));
    }

    /** It counts as handed out only afterwards, and nothing else need happen then for a long time. */
    @Test
    void tellsAtOnceWhatWasConfirmedWhileItWasStillHandedOut() {
        AtomicReference<StreamReader> reader = new AtomicReference<>();
        StuckOutlet outlet = new StuckOutlet();
        stream(LONG, outlet, reader, session -> {
            sendTransaction(session, 0x200);
            outlet.awaitHandingOut();
            session.awaitStatusUpdate("the first one", status -> status.flushed() == START);
            reader.get().confirmed();
            outlet.goOn();
            session.awaitStatusUpdate("what was confirmed", status -> status.flushed() == 0x210);
        });
    }

    /** One whose subscribers confirm all that they are given, before handing out has come to an end. */
    private static final class StuckOutlet implements Outlet {
        private final CountDownLatch handingOut = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        void awaitHandingOut() {
            Await.until("the transaction is handed out", () -> handingOut.getCount() == 0);
        }

        void goOn() {
            released.countDown();
        }

        @Override
        public boolean handOut(CommittedTransaction transaction) {
            handingOut.countDown();
            try {
                assertThat(released.await(30, TimeUnit.SECONDS)).as("released").isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
            return true;
        }

        @Override
        public void handOut(SourceEvent.SchemaChanged change, boolean repeated) {
            throw new AssertionError("no table changes here: " + change);
        }

        @Override
        public void described(TableDescription description) {}

        @Override
        public void reached(Lsn lsn) {}

        @Override
        public Lsn confirmedUpTo(Lsn reached) {
            return reached;
        }
    }

    /** One with one insert, whose commit record is 16 bytes long. */
    private static void sendTransaction(WalsenderSession session, long commitLsn) throws IOException {
        Bytes begin = new Bytes().int8('B').int64(commitLsn).int64(0).int32(7);
        Bytes relation = new Bytes()
                .int8('R')
                .int32(1)
                .cstring("public")
                .cstring("users")
                .int8('d');
        relation.int16(1).int8(1).cstring("id").int32(23).int32(-1);
        Bytes insert =
                new Bytes().int8('I').int32(1).int8('N').int16(1).int8('t').sizedText("1");
        Bytes commit = new Bytes()
                .int8('C')
                .int8(0)
                .int64(commitLsn)
                .int64(commitLsn + 16)
                .int64(0);
        for (Bytes message : List.of(begin, relation, insert, commit)) {
            session.sendXLogData(commitLsn, commitLsn, 0, message.toByteArray());
        }
    }

    private static void assertConfirmNothingNew(WalsenderSession session) {
        assertThat(session.statusUpdates()).extracting(StatusUpdate::flushed).containsOnly(START);
        assertThat(session.statusUpdates()).extracting(StatusUpdate::written).containsOnly(START);
        assertThat(session.statusUpdates())
                .as("none is the client's own question whether the server is alive")
                .noneMatch(StatusUpdate::replyRequested);
    }

    /** Reads the stream of a server that sends what the script says, up to its end. */
    private static void stream(Duration statusInterval, FakeWalsender.Script script) {
        Subscriptions subscriptions = new Subscriptions("source", DispatchMode.CHANNEL, 10, () -> {}, () -> {});
        subscriptions.open(SubscriptionSettings.forQuery("q"));
        subscriptions.beginStream();
        stream(statusInterval, subscriptions, new AtomicReference<>(), script);
    }

    /** @param known the reader, as soon as there is one */
    private static void stream(
            Duration statusInterval, Outlet outlet, AtomicReference<StreamReader> known, FakeWalsender.Script script) {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.expectStartReplication();
                    script.run(session);
                });
                ReplicationConnection connection = ReplicationConnection.open(ConnectionSettings.builder()
                        .host(server.host())
                        .port(server.port())
                        .user("drasi")
                        .sslMode(SslMode.DISABLE)
                        .peerTimeout(LONG)
                        .build());
                ReplicationStream stream = connection.startReplication("slot", new Lsn(START), Map.of())) {
            StreamReader reader = reader(stream, outlet, statusInterval);
            known.set(reader);
            assertThatThrownBy(() -> reader.run(() -> true))
                    .as("the end of the script")
                    .isInstanceOf(ConnectionLostException.class);
        }
    }

    private static StreamReader reader(ReplicationStream stream, Outlet outlet, Duration statusInterval) {
        PostgresSourceConfig config = PostgresSourceConfig.builder("s")
                .withDatabase("d")
                .withUser("u")
                .build();
        TransactionAssembler assembler = new TransactionAssembler(
                new ChangeMapper("s"),
                new TableShapes(
                        SelectedTables.of(config),
                        new DatabaseTypes(false),
                        new FormatChoice(config, new DatabaseTypes(false))),
                new Catalog(sql -> new QueryResult(List.of(), List.of(), "SELECT 0", List.of()), 180_000),
                new Spool("s", Path.of("."), cause -> {}),
                Long.MAX_VALUE);
        return new StreamReader(
                new StartedStream(stream, new PgOutputDecoder(1)),
                assembler,
                outlet,
                new Advice(config),
                statusInterval,
                new Lsn(START),
                () -> false,
                "test feedback");
    }
}
