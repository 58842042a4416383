// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.query.Sql;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class QueryIT {
    private static final int NEWEST = 18;

    static List<Integer> majors() {
        return Servers.majors();
    }

    private static PostgresConnection connect(int major) {
        return PostgresConnection.open(Servers.settings(major).build());
    }

    @ParameterizedTest
    @MethodSource("majors")
    void yieldsNamesAndTexts(int major) {
        try (PostgresConnection connection = connect(major)) {
            QueryResult result = connection.query(
                    "SELECT 1 AS n, 'Größe' AS \"Näme\", NULL AS nothing, true AS yes UNION ALL SELECT 2, '', 'x', false");
            assertThat(result.columnNames()).containsExactly("n", "Näme", "nothing", "yes");
            assertThat(result.commandTag()).isEqualTo("SELECT 2");
            assertThat(result.rows().get(0).values())
                    .containsExactly(Optional.of("1"), Optional.of("Größe"), Optional.empty(), Optional.of("t"));
            assertThat(result.rows().get(1).values())
                    .containsExactly(Optional.of("2"), Optional.of(""), Optional.of("x"), Optional.of("f"));
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void yieldsWhatTheLastOfSeveralStatementsDoes(int major) {
        try (PostgresConnection connection = connect(major)) {
            assertThat(connection.query("SELECT 1; SELECT 2 AS second").single().required("second"))
                    .isEqualTo("2");
            QueryResult created = connection.query("SELECT 1; CREATE TEMP TABLE t (n int)");
            assertThat(created.rows()).isEmpty();
            assertThat(created.columnNames()).isEmpty();
            assertThat(created.commandTag()).isEqualTo("CREATE TABLE");
            assertThat(connection
                            .query("INSERT INTO t SELECT generate_series(1, 5)")
                            .commandTag())
                    .isEqualTo("INSERT 0 5");
            assertThat(connection.query("").commandTag()).isEmpty();
            assertThat(connection.query("SELECT FROM t").rows()).hasSize(5);
        }
    }

    @Test
    void collectsNotices() {
        try (PostgresConnection connection = connect(NEWEST)) {
            QueryResult result = connection.query("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$");
            assertThat(result.notices())
                    .extracting(notice -> notice.severity() + " " + notice.message())
                    .containsExactly("NOTICE one", "WARNING two");
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void goesOnAfterAnError(int major) {
        try (PostgresConnection connection = connect(major)) {
            assertThatThrownBy(() -> connection.query("SELECT 1; SELECT * FROM no_such_table; SELECT 2"))
                    .isInstanceOfSatisfying(ServerErrorException.class, e -> {
                        assertThat(e.sqlState()).isEqualTo("42P01");
                        assertThat(e.serverMessage().position()).contains("25");
                    })
                    .hasMessageContaining("query on 127.0.0.1:")
                    .hasMessageContaining("(database postgres, user postgres)")
                    .hasMessageContaining("\"no_such_table\" does not exist");
            assertThat(connection.query("SELECT 3").single().requiredLong(0)).isEqualTo(3);
        }
    }

    @Test
    void quotesNamesAndTextsAsTheServerReadsThem() {
        try (PostgresConnection connection = connect(NEWEST)) {
            String odd = "it's \"odd\" \\ ümläut";
            for (String conforming : List.of("on", "off")) {
                connection.query("SET standard_conforming_strings = " + conforming);
                QueryResult result = connection.query("SELECT " + Sql.literal(odd) + " AS " + Sql.identifier(odd));
                assertThat(result.single().required(odd)).isEqualTo(odd);
            }
        }
    }

    @Test
    void takesAValueOfManyMegabytes() {
        try (PostgresConnection connection = connect(NEWEST)) {
            String value = connection
                    .query("SELECT repeat('0123456789', 5000000)")
                    .single()
                    .required(0);
            assertThat(value).hasSize(50_000_000).endsWith("789");
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    @Test
    void closesWhenAMessageIsLargerThanAllowed() {
        try (PostgresConnection connection = PostgresConnection.open(
                Servers.settings(NEWEST).maxFrameLength(100_000).build())) {
            assertThat(connection.query("SELECT repeat('x', 99000)").rows()).hasSize(1);
            assertThatThrownBy(() -> connection.query("SELECT repeat('x', 200000)"))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("100000");
            assertThatThrownBy(() -> connection.query("SELECT 1")).isInstanceOf(ConnectionLostException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SslMode.class,
            names = {"DISABLE", "REQUIRE"})
    void copiesALargeTableOut(SslMode mode) {
        int rows = 500_000;
        try (PostgresConnection connection =
                PostgresConnection.open(Servers.settings(NEWEST).sslMode(mode).build())) {
            AtomicLong sum = new AtomicLong();
            long messages = connection.copyOut(
                    "COPY (SELECT n, repeat('x', 100) FROM generate_series(1, " + rows + ") n) TO STDOUT",
                    data -> sum.addAndGet(leadingNumber(data)));
            assertThat(messages).isEqualTo(rows);
            assertThat(sum).hasValue((long) rows * (rows + 1) / 2);
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    private static long leadingNumber(ByteSlice row) {
        long number = 0;
        int i = 0;
        while (row.get(i) != '\t') {
            number = number * 10 + row.get(i++) - '0';
        }
        assertThat(row.get(row.length() - 1)).isEqualTo((byte) '\n');
        return number;
    }

    @ParameterizedTest
    @MethodSource("majors")
    void copiesInBinaryFormat(int major) {
        try (PostgresConnection connection = connect(major)) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            connection.copyOut(
                    "COPY (SELECT 258::int2) TO STDOUT (FORMAT binary)", data -> all.writeBytes(data.toByteArray()));
            byte[] bytes = all.toByteArray();
            assertThat(bytes).startsWith("PGCOPY\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(bytes).endsWith(0, 1, 0, 0, 0, 2, 1, 2, 0xFF, 0xFF);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void reportsAnErrorInTheMiddleOfACopyAndGoesOn(int major) {
        try (PostgresConnection connection = connect(major)) {
            List<String> seen = new ArrayList<>();
            assertThatThrownBy(() -> connection.copyOut(
                            "COPY (SELECT 1000 / (1000 - n) FROM generate_series(1, 2000) n) TO STDOUT",
                            data -> seen.add(data.utf8())))
                    .isInstanceOfSatisfying(
                            ServerErrorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("22012"))
                    .hasMessageContaining("COPY on 127.0.0.1");
            assertThat(seen).hasSize(999);
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    @Test
    void closesWhenTheConsumerThrows() {
        try (PostgresConnection connection = connect(NEWEST)) {
            assertThatThrownBy(
                            () -> connection.copyOut("COPY (SELECT generate_series(1, 10000000)) TO STDOUT", data -> {
                                throw new IllegalStateException("enough");
                            }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("enough");
            assertThatThrownBy(() -> connection.query("SELECT 1"))
                    .isInstanceOf(ConnectionLostException.class)
                    .hasMessageContaining("closed on this side");
        }
    }

    @Test
    void saysWhenACopyIsAQueryOrAQueryACopy() {
        try (PostgresConnection connection = connect(NEWEST)) {
            connection.query("CREATE TEMP TABLE t (n int)");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> connection.query("COPY (SELECT 1) TO STDOUT"))
                    .withMessageContaining("needs a consumer");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> connection.copyOut("SELECT 1", data -> {}))
                    .withMessageContaining("not a COPY");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> connection.query("COPY t FROM STDIN"))
                    .withMessageContaining("does not copy into tables");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> connection.copyOut("COPY t FROM STDIN", data -> {}))
                    .withMessageContaining("does not copy into tables");
            assertThat(connection.query("SELECT 1").single().requiredLong(0)).isEqualTo(1);
        }
    }

    @Test
    void keepsUpWithChangedParameters() {
        try (PostgresConnection connection = connect(NEWEST)) {
            connection.query("SET TimeZone = 'Asia/Tokyo'");
            assertThat(connection.parameter("TimeZone")).contains("Asia/Tokyo");
        }
    }

    @Test
    void passesOverNotifications() {
        try (PostgresConnection connection = connect(NEWEST)) {
            connection.query("LISTEN news");
            QueryResult result = connection.query("NOTIFY news, 'hello'; SELECT 1");
            assertThat(result.single().requiredLong(0)).isEqualTo(1);
            assertThat(connection.query("SELECT 2").single().requiredLong(0)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SslMode.class,
            names = {"DISABLE", "REQUIRE"})
    void abortsAQueryFromAnotherThread(SslMode mode) throws Exception {
        PostgresServer server = Servers.shared(NEWEST);
        PostgresConnection connection =
                PostgresConnection.open(Servers.settings(NEWEST).sslMode(mode).build());
        CompletableFuture<QueryResult> query =
                CompletableFuture.supplyAsync(() -> connection.query("SELECT pg_sleep(600)"));
        awaitActive(server, connection.backendPid());
        connection.abort();
        assertThatThrownBy(() -> query.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ConnectionLostException.class)
                .hasMessageContaining("closed on this side");
        connection.close();
        server.execute("SELECT pg_terminate_backend(" + connection.backendPid() + ")");
    }

    @Test
    void endsAQueryWhenItsThreadIsInterrupted() throws Exception {
        PostgresServer server = Servers.shared(NEWEST);
        PostgresConnection connection = connect(NEWEST);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                connection.query("SELECT pg_sleep(600)");
            } catch (ConnectionLostException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        awaitActive(server, connection.backendPid());
        thread.interrupt();
        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
        server.execute("SELECT pg_terminate_backend(" + connection.backendPid() + ")");
    }

    @ParameterizedTest
    @MethodSource("majors")
    void reportsThatTheServerTerminatedTheSession(int major) {
        PostgresServer server = Servers.shared(major);
        try (PostgresConnection connection = connect(major)) {
            CompletableFuture<QueryResult> query =
                    CompletableFuture.supplyAsync(() -> connection.query("SELECT pg_sleep(600)"));
            awaitActive(server, connection.backendPid());
            server.execute("SELECT pg_terminate_backend(" + connection.backendPid() + ")");
            assertThatThrownBy(() -> query.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(ServerErrorException.class)
                    .cause()
                    .satisfies(e ->
                            assertThat(((ServerErrorException) e).sqlState()).isEqualTo("57P01"))
                    .satisfies(e ->
                            assertThat(((ServerErrorException) e).retryable()).isTrue());
            assertThatThrownBy(() -> connection.query("SELECT 1")).isInstanceOf(ConnectionLostException.class);
        }
    }

    private static void awaitActive(PostgresServer server, int pid) {
        Await.until(
                "the query runs",
                () -> server.queryOne("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid
                                + " AND state = 'active' AND query LIKE '%pg_sleep%'")
                        .equals("1"));
    }

    @Test
    void endsTheSessionOnTheServerWhenItCloses() {
        PostgresServer server = Servers.shared(NEWEST);
        PostgresConnection connection = connect(NEWEST);
        connection.close();
        connection.close();
        Await.until(
                "the session is gone",
                () -> server.queryOne("SELECT count(*) FROM pg_stat_activity WHERE pid = " + connection.backendPid())
                        .equals("0"));
        assertThat(server.log().lines().filter(line -> line.contains("[" + connection.backendPid() + "]")))
                .noneMatch(line -> line.contains("unexpected EOF"));
    }
}
