// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.replication.SlotOptions;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.WalsenderSession;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that fall silent where an answer is due. The stream has its own watch, see {@link ReplicationStreamTest}. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SilenceTest {
    private static final Duration SHORT = Duration.ofMillis(200);

    private static ConnectionSettings to(FakeWalsender server, Duration peerTimeout) {
        return ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .user("drasi")
                .peerTimeout(peerTimeout)
                .build();
    }

    private static FakeWalsender answering(FakeWalsender.Script script) {
        return new FakeWalsender(session -> {
            session.acceptLogin();
            script.run(session);
        });
    }

    private static void pass(Duration time) {
        long start = System.nanoTime();
        Await.until(time + " have passed", () -> System.nanoTime() - start > time.toNanos());
    }

    @Test
    void givesUpAServerThatDoesNotAnswerAQuery() {
        try (FakeWalsender server = answering(WalsenderSession::goSilent);
                PostgresConnection connection = PostgresConnection.open(to(server, SHORT))) {
            assertThatThrownBy(() -> connection.query("SELECT 1"))
                    .isInstanceOfSatisfying(
                            ConnectionLostException.class,
                            e -> assertThat(e.retryable()).isTrue())
                    .hasMessageContaining("127.0.0.1:" + server.port())
                    .hasMessageContaining("silent for PT0.2S");
            assertThatThrownBy(() -> connection.query("SELECT 1")).isInstanceOf(ConnectionLostException.class);
        }
    }

    @Test
    void givesUpAServerThatDoesNotAnswerAReplicationCommand() {
        List<Consumer<ReplicationConnection>> commands = List.of(
                ReplicationConnection::identifySystem,
                connection -> connection.query("SHOW wal_level"),
                connection -> connection.createPhysicalSlot("slot", false),
                connection -> connection.dropSlot("slot", false),
                connection -> connection.startReplication("slot", Lsn.INVALID, Map.of()));
        for (Consumer<ReplicationConnection> command : commands) {
            try (FakeWalsender server = answering(WalsenderSession::goSilent);
                    ReplicationConnection connection = ReplicationConnection.open(to(server, SHORT))) {
                assertThatThrownBy(() -> command.accept(connection))
                        .isInstanceOf(ConnectionLostException.class)
                        .hasMessageContaining("silent for PT0.2S");
            }
        }
    }

    @Test
    void waitsLongerForASlotAndForTheRowsOfACopy() {
        try (FakeWalsender server = answering(session -> {
                    session.expectQuery("CREATE_REPLICATION_SLOT");
                    pass(SHORT.multipliedBy(3));
                    session.sendRows(
                            List.of("slot_name", "consistent_point", "snapshot_name", "output_plugin"),
                            List.of(List.of("slot", "0/10", "snapshot", "pgoutput")));
                });
                ReplicationConnection connection = ReplicationConnection.open(to(server, SHORT))) {
            assertThat(connection
                            .createLogicalSlot("slot", SlotOptions.permanent())
                            .consistentPoint())
                    .isEqualTo(new Lsn(0x10));
        }
        try (FakeWalsender server = answering(session -> {
                    session.expectQuery("COPY");
                    session.send(new Bytes().frame('H', body -> body.int8(0).int16(0)));
                    pass(SHORT.multipliedBy(3));
                    session.send(new Bytes().frame('d', Bytes.of('x')).frame('c', new byte[0]));
                    session.sendCommandComplete("COPY 1");
                    session.sendReadyForQuery();
                });
                PostgresConnection connection = PostgresConnection.open(to(server, SHORT))) {
            assertThat(connection.copyOut("COPY t TO STDOUT", data -> {})).isEqualTo(1);
        }
    }

    @Test
    void takesAMessageThatArrivesInPiecesForASignOfLife() {
        byte[] tag = new Bytes().frame('C', body -> body.cstring("SLOW")).toByteArray();
        try (FakeWalsender server = answering(session -> {
                    session.expectQuery("SELECT");
                    for (int i = 0; i < tag.length; i += 3) {
                        pass(Duration.ofMillis(700));
                        session.send(Arrays.copyOfRange(tag, i, Math.min(tag.length, i + 3)));
                    }
                    session.sendReadyForQuery();
                });
                PostgresConnection connection = PostgresConnection.open(to(server, Duration.ofSeconds(2)))) {
            assertThat(connection.query("SELECT 1").commandTag()).isEqualTo("SLOW");
        }
    }
}
