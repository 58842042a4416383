// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Queries to servers whose answers no real server would give. */
class QueryTest {
    private static PostgresConnection connect(FakeWalsender server) {
        return PostgresConnection.open(ConnectionSettings.builder()
                .host(server.host())
                .port(server.port())
                .user("drasi")
                .build());
    }

    private static Bytes columns(String... names) {
        return new Bytes().frame('T', body -> {
            body.int16(names.length);
            for (String name : names) {
                body.cstring(name)
                        .int32(0)
                        .int16(0)
                        .int32(25)
                        .int16(-1)
                        .int32(-1)
                        .int16(0);
            }
        });
    }

    @Test
    void keepsTheNamesOfTheColumnsOnceForAllRows() {
        try (FakeWalsender server = new FakeWalsender(session -> {
                    session.acceptLogin();
                    session.onQuery(
                                    "SELECT",
                                    sql -> session.sendRows(
                                            List.of("a", "b", "c"),
                                            List.of(List.of("1", "2", "3"), List.of("4", "5", "6"))))
                            .answerQueries();
                });
                PostgresConnection connection = connect(server)) {
            List<Row> rows = connection.query("SELECT").rows();
            assertThat(rows.get(1).columnNames())
                    .isSameAs(rows.get(0).columnNames())
                    .containsExactly("a", "b", "c");
        }
    }

    @Test
    void closesWhenARowCannotBeReadSoThatItsRestIsNoAnswerToTheNextQuery() {
        List<Bytes> answers = List.of(
                columns("n").frame('D', body -> body.int16(1).sizedBytes((byte) 0xFF)),
                columns("n").frame('D', body -> body.int16(2).sizedText("1").sizedText("2")),
                new Bytes().frame('D', body -> body.int16(1).sizedText("1")));
        for (Bytes answer : answers) {
            try (FakeWalsender server = new FakeWalsender(session -> {
                        session.acceptLogin();
                        session.expectQuery("SELECT 1");
                        session.send(answer);
                        session.sendCommandComplete("SELECT 1");
                        session.sendReadyForQuery();
                        session.goSilent();
                    });
                    PostgresConnection connection = connect(server)) {
                assertThatThrownBy(() -> connection.query("SELECT 1")).isInstanceOf(ProtocolException.class);
                assertThatThrownBy(() -> connection.query("SELECT 2"))
                        .isInstanceOf(ConnectionLostException.class)
                        .hasMessageContaining("closed on this side");
            }
        }
    }
}
