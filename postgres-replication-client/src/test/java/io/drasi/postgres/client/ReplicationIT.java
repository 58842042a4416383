// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.replication.CreatedSlot;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.client.replication.SlotOptions.Snapshot;
import io.drasi.postgres.client.replication.StreamMessage;
import io.drasi.postgres.client.replication.SystemIdentification;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReplicationIT {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final AtomicInteger COUNT = new AtomicInteger();

    static List<Integer> majors() {
        return Servers.majors();
    }

    /** A publication, a slot and a stream from it. */
    private record Streaming(
            PostgresServer server, String slot, ReplicationConnection connection, ReplicationStream stream)
            implements AutoCloseable {
        static Streaming start(PostgresServer server, ConnectionSettingsBuilder settings, String table) {
            String slot = "slot_" + COUNT.incrementAndGet();
            server.execute("CREATE PUBLICATION " + slot + " FOR TABLE " + table);
            ReplicationConnection connection = ReplicationConnection.open(settings.build());
            connection.createLogicalSlot(slot, SlotOptions.permanent().withSnapshot(Snapshot.NOTHING));
            return new Streaming(
                    server, slot, connection, connection.startReplication(slot, Lsn.INVALID, options(slot)));
        }

        static Map<String, String> options(String publication) {
            Map<String, String> options = new LinkedHashMap<>();
            options.put("proto_version", "1");
            options.put("publication_names", Sql.identifier(publication));
            return options;
        }

        String slotColumn(String column) {
            return server.queryOne("SELECT " + column + " FROM pg_replication_slots WHERE slot_name = '" + slot + "'");
        }

        boolean active() {
            return slotColumn("active").equals("t");
        }

        /** Frees the slot too: a server has only ten. */
        @Override
        public void close() {
            connection.close();
            if (server.running()) {
                Await.untilAsserted(
                        "the slot is dropped",
                        () -> server.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                + " WHERE slot_name = '" + slot + "'"));
            }
        }
    }

    private static String newTable(PostgresServer server) {
        String table = "t_" + COUNT.incrementAndGet();
        server.execute("CREATE TABLE " + table + " (id int PRIMARY KEY, text text)");
        return table;
    }

    /** Reads on until a data message fits. */
    private static StreamMessage.Data readData(ReplicationStream stream, char type) {
        return (StreamMessage.Data) readUntil(
                stream,
                message -> message instanceof StreamMessage.Data data
                        && data.xlogData().data().get(0) == type);
    }

    private static StreamMessage readUntil(ReplicationStream stream, Predicate<StreamMessage> fits) {
        long end = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < end) {
            StreamMessage message = stream.read(LONG);
            if (fits.test(message)) {
                return message;
            }
        }
        throw new AssertionError("no such message within " + LONG);
    }

    @ParameterizedTest
    @MethodSource("majors")
    void identifiesTheSystemAndTakesSql(int major) {
        PostgresServer server = Servers.shared(major);
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            SystemIdentification system = connection.identifySystem();
            assertThat(system.systemId())
                    .isEqualTo(server.queryOne("SELECT system_identifier FROM pg_control_system()"));
            assertThat(system.timeline()).isEqualTo(1);
            assertThat(system.database()).contains("postgres");
            assertThat(system.xlogPos().isValid()).isTrue();
            assertThat(connection.query("SELECT 1 + 1").single().requiredLong(0))
                    .isEqualTo(2);
            assertThatThrownBy(() -> connection.query("SELECT 1 / 0")).isInstanceOf(ServerErrorException.class);
            assertThat(connection.serverVersionNumber() / 10_000).isEqualTo(major);
            assertThat(connection.query("SELECT pg_backend_pid()").single().requiredLong(0))
                    .isEqualTo(connection.backendPid());
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void createsASlotWhoseSnapshotHoldsExactlyWhatCameBefore(int major) {
        PostgresServer server = Servers.shared(major);
        String table = newTable(server);
        server.execute("INSERT INTO " + table + " VALUES (1, 'before')");
        try (ReplicationConnection connection =
                        ReplicationConnection.open(Servers.settings(major).build());
                PostgresConnection reader =
                        PostgresConnection.open(Servers.settings(major).build())) {
            CreatedSlot slot = connection.createLogicalSlot("exported_slot", SlotOptions.permanent());
            server.execute("INSERT INTO " + table + " VALUES (2, 'after')");
            assertThat(slot.name()).isEqualTo("exported_slot");
            assertThat(slot.plugin()).isEqualTo("pgoutput");
            assertThat(slot.consistentPoint().isValid()).isTrue();
            reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT "
                    + Sql.literal(slot.snapshotName().orElseThrow()));
            assertThat(reader.query("SELECT text FROM " + table).single().required(0))
                    .isEqualTo("before");
            connection.dropSlot("exported_slot", false);
        }
        assertThat(server.queryOne("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'exported_slot'"))
                .isEqualTo("0");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void createsSlotsWithoutAndWithItsOwnSnapshot(int major) {
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            CreatedSlot none = connection.createLogicalSlot(
                    "no_snapshot", SlotOptions.forThisConnection().withSnapshot(Snapshot.NOTHING));
            assertThat(none.snapshotName()).isEmpty();
            connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            CreatedSlot used = connection.createLogicalSlot(
                    "used_snapshot", SlotOptions.forThisConnection().withSnapshot(Snapshot.USE));
            assertThat(used.snapshotName()).isEmpty();
            connection.query("COMMIT");
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void dropsTemporarySlotsWithTheConnection(int major) {
        PostgresServer server = Servers.shared(major);
        String slots = "SELECT string_agg(slot_name || temporary, ',' ORDER BY slot_name) FROM pg_replication_slots"
                + " WHERE slot_name LIKE 'temp\\_%'";
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            connection.createLogicalSlot("temp_logical", SlotOptions.forThisConnection());
            connection.createPhysicalSlot("temp_physical", true);
            assertThat(server.queryOne(slots)).isEqualTo("temp_logicaltrue,temp_physicaltrue");
        }
        Await.until(
                "the slots are gone",
                () -> server.query(slots.replace("string_agg", "count(*), string_agg"))
                        .get(0)
                        .get(0)
                        .equals("0"));
    }

    @ParameterizedTest
    @MethodSource("majors")
    void createsAPhysicalSlotThatHoldsNoWal(int major) {
        PostgresServer server = Servers.shared(major);
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            connection.createPhysicalSlot("marker", false);
            assertThat(server.queryOne("SELECT slot_type || temporary || (restart_lsn IS NULL)"
                            + " FROM pg_replication_slots WHERE slot_name = 'marker'"))
                    .isEqualTo("physicalfalsetrue");
            assertThatThrownBy(() -> connection.createPhysicalSlot("marker", false))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("42710"))
                    .hasMessageContaining("CREATE_REPLICATION_SLOT marker on");
            connection.dropSlot("marker", false);
            assertThatThrownBy(() -> connection.dropSlot("marker", false))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("42704"));
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void refusesSlotOptionsThatTheVersionLacks(int major) {
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            SlotOptions options = SlotOptions.forThisConnection().withTwoPhase(true);
            if (major >= 15) {
                connection.createLogicalSlot("two_phase", options);
            } else {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> connection.createLogicalSlot("two_phase", options));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void waitsToDropASlotInUseIfTold(int major) throws Exception {
        PostgresServer server = Servers.shared(major);
        try (Streaming streaming = Streaming.start(server, Servers.settings(major), newTable(server));
                ReplicationConnection other =
                        ReplicationConnection.open(Servers.settings(major).build())) {
            assertThatThrownBy(() -> other.dropSlot(streaming.slot(), false))
                    .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                        assertThat(e.sqlState()).isEqualTo("55006");
                        assertThat(e.retryable()).isTrue();
                    });
            CompletableFuture<Void> drop = CompletableFuture.runAsync(() -> other.dropSlot(streaming.slot(), true));
            Await.until(
                    "the server works at it",
                    () -> !server.query("SELECT 1 FROM pg_stat_activity WHERE pid = " + other.backendPid()
                                    + " AND wait_event IS DISTINCT FROM 'ClientRead'")
                            .isEmpty());
            streaming.close();
            drop.get(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void streamsChangesAndConfirmsThemFromAnotherThread(int major) throws Exception {
        PostgresServer server = Servers.shared(major);
        String table = newTable(server);
        try (Streaming streaming = Streaming.start(server, Servers.settings(major), table)) {
            server.execute("INSERT INTO " + table + " VALUES (1, 'hello')");
            readData(streaming.stream(), 'B');
            StreamMessage.Data insert = readData(streaming.stream(), 'I');
            assertThat(insert.xlogData().data().utf8()).contains("hello");
            Lsn end = readData(streaming.stream(), 'C').xlogData().walEnd();
            Lsn confirmed = new Lsn(end.value() + 8);
            CompletableFuture<StreamMessage> reading = CompletableFuture.supplyAsync(
                    () -> readUntil(streaming.stream(), message -> message instanceof StreamMessage.Keepalive));
            streaming.stream().sendStatus(confirmed, confirmed, confirmed, true);
            assertThat(reading.get(30, TimeUnit.SECONDS)).isInstanceOf(StreamMessage.Keepalive.class);
            Await.until(
                    "the position is confirmed",
                    () -> Lsn.parse(streaming.slotColumn("confirmed_flush_lsn")).equals(confirmed));
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void finishesInOrder(int major) {
        PostgresServer server = Servers.shared(major);
        try (Streaming streaming = Streaming.start(server, Servers.settings(major), newTable(server))) {
            assertThat(streaming.active()).isTrue();
            long start = System.nanoTime();
            streaming.stream().finish(LONG);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            // The server is done with the stream before the connection is closed.
            assertThat(streaming.active()).isFalse();
            streaming.stream().close();
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void abortsWhileTheServerStreams(int major) throws Exception {
        PostgresServer server = Servers.shared(major);
        String table = newTable(server);
        try (Streaming streaming = Streaming.start(server, Servers.settings(major), table)) {
            CompletableFuture<StreamMessage> reading = CompletableFuture.supplyAsync(
                    () -> readUntil(streaming.stream(), message -> message instanceof StreamMessage.Ended));
            server.execute("INSERT INTO " + table + " SELECT n, repeat('x', 100) FROM generate_series(1, 10000) n");
            streaming.stream().abort();
            assertThat(reading)
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(ConnectionLostException.class);
            Await.until("the slot is free", () -> !streaming.active());
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void reportsThatTheServerTerminatedTheStream(int major) {
        PostgresServer server = Servers.shared(major);
        try (Streaming streaming = Streaming.start(server, Servers.settings(major), newTable(server))) {
            server.execute(
                    "SELECT pg_terminate_backend(" + streaming.connection().backendPid() + ")");
            assertThatThrownBy(() -> readUntil(streaming.stream(), message -> false))
                    .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                        assertThat(e.sqlState()).isEqualTo("57P01");
                        assertThat(e.retryable()).isTrue();
                    });
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void seesAServerThatStopsThatIsKilledAndThatGoesSilent(int major) {
        try (PostgresServer server = PostgresServer.builder(major).start()) {
            server.execute("CREATE TABLE t (id int)");
            try (Streaming streaming = Streaming.start(server, Servers.settings(server), "t")) {
                CompletableFuture<Duration> stop = CompletableFuture.supplyAsync(server::stopFast);
                StreamMessage ended = readUntil(streaming.stream(), message -> {
                    if (message instanceof StreamMessage.Keepalive keepalive) {
                        Lsn end = keepalive.keepalive().walEnd();
                        streaming.stream().sendStatus(end, end, end, false);
                    }
                    return message instanceof StreamMessage.Ended;
                });
                assertThat(((StreamMessage.Ended) ended).reason()).contains("the server ended the stream");
                assertThat(stop).succeedsWithin(LONG);
            }
            server.start();
            try (Streaming streaming = Streaming.start(server, Servers.settings(server), "t")) {
                server.kill();
                assertThatThrownBy(() -> readUntil(streaming.stream(), message -> false))
                        .isInstanceOfSatisfying(
                                PostgresClientException.class,
                                e -> assertThat(e.retryable()).isTrue());
            }
            server.start();
            try (Streaming streaming =
                    Streaming.start(server, Servers.settings(server).peerTimeout(Duration.ofSeconds(2)), "t")) {
                server.pause();
                try {
                    assertThatThrownBy(() -> readUntil(streaming.stream(), message -> false))
                            .isInstanceOf(ConnectionLostException.class)
                            .hasMessageContaining("silent for PT2S");
                } finally {
                    server.resume();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void anIdleStreamStaysAliveByItsProbes(int major) {
        PostgresServer server = Servers.shared(major);
        String table = newTable(server);
        try (Streaming streaming =
                Streaming.start(server, Servers.settings(major).peerTimeout(Duration.ofMillis(500)), table)) {
            long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            readUntil(streaming.stream(), message -> System.nanoTime() > end);
            server.execute("INSERT INTO " + table + " VALUES (1, 'still there')");
            readData(streaming.stream(), 'I');
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void streamsLargeValuesOverTlsWhileAnotherThreadSendsStatus(int major) throws Exception {
        PostgresServer server = Servers.shared(major);
        String table = newTable(server);
        try (Streaming streaming =
                Streaming.start(server, Servers.settings(major).sslMode(SslMode.REQUIRE), table)) {
            CompletableFuture<Integer> sending = CompletableFuture.supplyAsync(() -> {
                int sent = 0;
                while (!Thread.currentThread().isInterrupted() && sent < 5_000) {
                    streaming.stream().sendStatus(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, sent % 100 == 0);
                    sent++;
                }
                return sent;
            });
            server.execute(
                    "INSERT INTO " + table + " VALUES (0, repeat('y', 8000000))",
                    "INSERT INTO " + table + " SELECT n, repeat('x', n % 3000) FROM generate_series(1, 20000) n");
            StreamMessage.Data large = readData(streaming.stream(), 'I');
            assertThat(large.xlogData().data().length()).isGreaterThan(8_000_000);
            readData(streaming.stream(), 'C');
            for (int id = 1; id <= 20_000; id++) {
                int length = readData(streaming.stream(), 'I').xlogData().data().length();
                if (length <= id % 3000) {
                    throw new AssertionError("row " + id + " came with " + length + " bytes only");
                }
            }
            readData(streaming.stream(), 'C');
            assertThat(sending.get(30, TimeUnit.SECONDS)).isEqualTo(5_000);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void reportsAnErrorAtTheStartAndGoesOn(int major) {
        try (ReplicationConnection connection =
                ReplicationConnection.open(Servers.settings(major).build())) {
            assertThatThrownBy(() -> connection.startReplication("no_such_slot", Lsn.INVALID, Map.of()))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("42704"))
                    .hasMessageContaining("START_REPLICATION SLOT no_such_slot on");
            assertThat(connection.identifySystem().database()).isEqualTo(Optional.of("postgres"));
        }
    }
}
