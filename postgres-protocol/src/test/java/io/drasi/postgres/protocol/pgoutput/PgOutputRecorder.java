// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.CommitPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamCommit;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/**
 * Records the streams of {@link RecordedStreamTest}: runs a script that makes a server send every message, and writes down
 * what arrives. Not part of the build; to record again, after a change of the script or for another version:
 *
 * <pre>{@code mvn verify -pl postgres-protocol -am -Dtest=None -Dit.test=PgOutputRecorder \
 *     -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false}</pre>
 *
 * <p>Then look at the difference in {@code src/test/resources/recorded}: but for LSNs, times and ids there should be none that
 * was not wanted. The stream is read by the JDBC driver, and what the transactions say of themselves is compared with what
 * the server's own {@code test_decoding} prints of them.
 */
class PgOutputRecorder {
    private static final int FIRST_WITH_ADDED_OPTIONS = 14;
    private static final String LONG_TEXT = "repeat('x', 2100)";

    static final String[] TABLES = {
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        "CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), note text)",
        "CREATE TABLE full_items (id bigint PRIMARY KEY, note text, seen timestamptz)",
        "CREATE TABLE log (at int, line text)",
        "CREATE SCHEMA \"Sales\"",
        "CREATE TABLE \"Sales\".\"Événements\" (\"Clé\" varchar(10) NOT NULL UNIQUE, mood mood, data bytea)",
        "ALTER TABLE items ALTER note SET STORAGE EXTERNAL",
        "ALTER TABLE full_items REPLICA IDENTITY FULL, ALTER note SET STORAGE EXTERNAL",
        "ALTER TABLE log REPLICA IDENTITY NOTHING",
        "ALTER TABLE \"Sales\".\"Événements\" REPLICA IDENTITY USING INDEX \"Événements_Clé_key\"",
        // A publication that publishes updates would make the server refuse those of a table without identity.
        "CREATE PUBLICATION recorded FOR TABLE items, full_items, log, \"Sales\".\"Événements\"",
        "SELECT pg_replication_origin_create('upstream')"
    };

    private static final String[] SCRIPT = {
        "INSERT INTO items VALUES (1, 'one', 1.50, NULL)",
        "BEGIN; INSERT INTO items VALUES (2, 'two', 2, ''), (3, 'drei ä€😀', NULL, 'n');"
                + " UPDATE items SET name = 'TWO' WHERE id = 2; DELETE FROM items WHERE id = 3; COMMIT",
        "UPDATE items SET id = 10 WHERE id = 1",
        "INSERT INTO items VALUES (4, 'four', 4, " + LONG_TEXT + ")",
        "UPDATE items SET price = 4.25 WHERE id = 4",
        "INSERT INTO full_items VALUES (9223372036854775807, " + LONG_TEXT + ", '2024-02-29 12:34:56.789+00')",
        "UPDATE full_items SET seen = NULL",
        "DELETE FROM full_items",
        "INSERT INTO \"Sales\".\"Événements\" VALUES ('a', 'happy', '\\x00ff')",
        "UPDATE \"Sales\".\"Événements\" SET mood = NULL",
        "UPDATE \"Sales\".\"Événements\" SET \"Clé\" = 'b'",
        "DELETE FROM \"Sales\".\"Événements\"",
        "INSERT INTO log VALUES (1, 'first')",
        "TRUNCATE full_items",
        "TRUNCATE items, log RESTART IDENTITY CASCADE",
        "ALTER TABLE items ADD COLUMN added date; ALTER TABLE items DROP COLUMN name",
        "INSERT INTO items VALUES (5, 5, 'five', '2024-02-29')",
        "SELECT pg_replication_origin_session_setup('upstream');"
                + " BEGIN; SELECT pg_replication_origin_xact_setup('16/B374D848', '2024-01-01 00:00:00.000001+00');"
                + " INSERT INTO log VALUES (2, 'from upstream'); COMMIT; SELECT pg_replication_origin_session_reset()",
        "SELECT pg_logical_emit_message(false, 'at once', 'text ä')",
        "BEGIN; SELECT pg_logical_emit_message(true, 'inside', '\\x00ff'::bytea); INSERT INTO log VALUES (3, 'x'); COMMIT",
        "BEGIN; INSERT INTO log VALUES (4, 'kept'); SAVEPOINT a; INSERT INTO log VALUES (0, 'rolled back');"
                + " ROLLBACK TO a; INSERT INTO log VALUES (5, 'kept too'); COMMIT",
        // More than logical_decoding_work_mem, and a savepoint in it: from 18 on the server announces that the
        // savepoint's
        // part, which it has not sent, is rolled back.
        "BEGIN; INSERT INTO log VALUES (0, 'rolled back'); SAVEPOINT a; INSERT INTO log VALUES (0, 'rolled back');"
                + " RELEASE a; INSERT INTO log SELECT n, 'rolled back' FROM generate_series(1, 2000) n; ROLLBACK",
        "INSERT INTO log VALUES (6, 'the end')"
    };

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void record(int version) throws Exception {
        PostgresServer.Builder builder = PostgresServer.builder(version);
        if (version >= FIRST_WITH_ADDED_OPTIONS) {
            builder.setting("logical_decoding_work_mem", "64kB");
        }
        try (PostgresServer server = builder.start()) {
            Database database = server.createDatabase("recorded").database("recorded");
            database.execute(TABLES);
            createSlot(database, "text_stream", "pgoutput");
            createSlot(database, "binary_stream", "pgoutput");
            createSlot(database, "facts", "test_decoding");
            database.execute(SCRIPT);
            Map<String, String> commits = commits(server, database);
            String name = "postgres-" + version;
            if (version < FIRST_WITH_ADDED_OPTIONS) {
                write(server, name, "text_stream", List.of(), commits);
            } else {
                write(server, name, "text_stream", List.of("messages"), commits);
                write(server, name + "-binary", "binary_stream", List.of("messages", "binary"), commits);
            }
        }
    }

    private static void write(
            PostgresServer server, String name, String slot, List<String> added, Map<String, String> commits)
            throws SQLException {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", "1");
        added.forEach(option -> options.put(option, "true"));
        List<byte[]> stream = read(server, slot, options, messages -> readUntilCommitOf(messages, "the end"));
        write(PgOutputRecorder.class, server, name, options, stream, commits);
    }

    static void createSlot(Database database, String slot, String plugin) {
        database.query("SELECT pg_create_logical_replication_slot('" + slot + "', '" + plugin + "')");
    }

    /** By transaction id, the end of the commit record and the commit time, as test_decoding tells them. */
    static Map<String, String> commits(PostgresServer server, Database database) throws SQLException {
        Pattern commit = Pattern.compile("COMMIT (\\d+) \\(at (\\S+) (\\S+)\\+00\\)");
        Map<String, String> commits = new HashMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            if (server.version().major() >= FIRST_WITH_ADDED_OPTIONS) {
                // test_decoding of 18 crashes at the abort that pgoutput just passes on.
                statement.execute("SET logical_decoding_work_mem = '64MB'");
            }
            ResultSet rows = statement.executeQuery("SELECT lsn, data FROM pg_logical_slot_get_changes('facts', NULL,"
                    + " NULL, 'include-timestamp', 'on') WHERE data LIKE 'COMMIT%'");
            while (rows.next()) {
                Matcher matcher = commit.matcher(rows.getString(2));
                assertThat(matcher.matches()).as(rows.getString(2)).isTrue();
                Instant time = Instant.parse(matcher.group(2) + "T" + matcher.group(3) + "Z");
                commits.put(matcher.group(1), rows.getString(1) + " at " + time);
            }
        }
        return commits;
    }

    /**
     * Writes down what was read, if it says of its transactions what {@link #commits} says.
     *
     * @param options that the stream was started with
     */
    static void write(
            Class<?> maker,
            PostgresServer server,
            String name,
            Map<String, String> options,
            List<byte[]> stream,
            Map<String, String> commits) {
        List<String> comments = List.of("# PostgreSQL " + server.version().release() + ", pgoutput with "
                + options.entrySet().stream()
                        .map(option ->
                                option.getKey() + (option.getValue().equals("true") ? "" : " " + option.getValue()))
                        .collect(Collectors.joining(", "))
                + "; made by " + maker.getSimpleName());
        List<Recording.Message> messages = new ArrayList<>();
        MessageText text = new MessageText();
        PgOutputDecoder decoder =
                new Recording(name, comments, List.of()).state(false).decoder();
        long xid = 0;
        for (byte[] bytes : stream) {
            PgOutputMessage message = decoder.decode(new ByteCursor(bytes, 0, bytes.length));
            messages.add(new Recording.Message(text.of(decoder.xid(), message), ByteSlice.of(bytes)));
            if (message instanceof Begin begin) {
                xid = begin.xid();
            } else if (message instanceof Commit commit) {
                assertFact(commits, xid, commit.endLsn(), commit.commitTimeMicros());
            } else if (message instanceof StreamCommit commit) {
                assertFact(commits, commit.xid(), commit.endLsn(), commit.commitTimeMicros());
            } else if (message instanceof CommitPrepared commit) {
                assertFact(commits, commit.xid(), commit.endLsn(), commit.commitTimeMicros());
            }
        }
        Path resources = Path.of(System.getProperty("basedir", "postgres-protocol"), "src", "test", "resources");
        new Recording(name, comments, messages).write(resources);
    }

    private static void assertFact(Map<String, String> commits, long xid, Lsn endLsn, long commitTimeMicros) {
        assertThat(endLsn + " at " + PgTimestamp.toInstant(commitTimeMicros))
                .isEqualTo(commits.get(Long.toString(xid)));
    }

    /** Reads the messages of a stream. */
    @FunctionalInterface
    interface Reader {
        List<byte[]> read(PGReplicationStream stream) throws SQLException;
    }

    static List<byte[]> read(PostgresServer server, String slot, Map<String, String> options, Reader reader)
            throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", server.superuser());
        properties.setProperty("replication", "database");
        properties.setProperty("assumeMinServerVersion", "10");
        properties.setProperty("preferQueryMode", "simple");
        String url = "jdbc:postgresql://" + server.host() + ":" + server.port() + "/recorded";
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            ChainedLogicalStreamBuilder builder = connection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .replicationStream()
                    .logical()
                    .withSlotName(slot)
                    .withSlotOption("publication_names", "recorded");
            options.forEach(builder::withSlotOption);
            try (PGReplicationStream stream = builder.start()) {
                return reader.read(stream);
            }
        }
    }

    /** Up to the commit of the transaction that has this text in it. */
    static List<byte[]> readUntilCommitOf(PGReplicationStream stream, String text) throws SQLException {
        List<byte[]> messages = new ArrayList<>();
        boolean found = false;
        while (true) {
            ByteBuffer message = stream.read();
            byte[] bytes = new byte[message.remaining()];
            message.get(bytes);
            messages.add(bytes);
            found |= new String(bytes, StandardCharsets.UTF_8).contains(text);
            if (found && (bytes[0] == 'C' || bytes[0] == 'c')) {
                return messages;
            }
        }
    }
}
