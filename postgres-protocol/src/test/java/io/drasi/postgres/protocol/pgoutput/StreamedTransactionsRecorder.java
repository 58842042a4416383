// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.replication.PGReplicationStream;

/**
 * Records streams of the protocol versions after 1, as {@link PgOutputRecorder} does those of version 1: transactions in
 * progress, which therefore are read while they are made, and prepared ones. To record again:
 *
 * <pre>{@code mvn verify -Pall-postgres -pl postgres-protocol -am -Dtest=None -Dit.test=StreamedTransactionsRecorder \
 *     -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false}</pre>
 */
class StreamedTransactionsRecorder {
    private static final String[] BALLAST = {
        "CREATE TABLE ballast (filling text)", "ALTER TABLE ballast ALTER filling SET STORAGE PLAIN"
    };

    /** More than logical_decoding_work_mem, of a table that is not published: the server begins to stream, but sends nothing of it. */
    private static final String FILL = "INSERT INTO ballast SELECT repeat('x', 7000) FROM generate_series(1, 10)";

    /**
     * The steps of one session. After each of them another commits a row, and what the server sends is read up to that: by then
     * it has seen all of the step.
     */
    private static final String[][] STREAMING = {
        {
            "BEGIN",
            "INSERT INTO items VALUES (1, 'one', 1.50, NULL)",
            "INSERT INTO \"Sales\".\"Événements\" VALUES ('a', 'happy', '\\x00ff')",
            "SAVEPOINT a",
            "UPDATE items SET name = 'ONE'",
            "UPDATE items SET id = 10",
            "DELETE FROM items",
            "SELECT pg_logical_emit_message(true, 'inside', '\\x00ff'::bytea)",
            "SELECT pg_logical_emit_message(false, 'at once', 'text ä')",
            "RELEASE a",
            FILL
        },
        {"SAVEPOINT b", "INSERT INTO log VALUES (1, 'second block')", "TRUNCATE full_items", "RELEASE b", FILL},
        {"INSERT INTO log VALUES (2, 'last block')", "COMMIT"},
        {
            "BEGIN",
            "INSERT INTO log VALUES (3, 'kept')",
            "SAVEPOINT a",
            "INSERT INTO log VALUES (0, 'rolled back')",
            "SAVEPOINT b",
            "INSERT INTO log VALUES (0, 'rolled back too')",
            FILL
        },
        {"ROLLBACK TO a", "INSERT INTO log VALUES (4, 'kept too')", "COMMIT"},
        {"BEGIN", "INSERT INTO log VALUES (0, 'all rolled back')", FILL},
        {"ROLLBACK"},
        {
            "SELECT pg_replication_origin_session_setup('upstream')",
            "BEGIN",
            "SELECT pg_replication_origin_xact_setup('16/B374D848', '2024-01-01 00:00:00.000001+00')",
            "INSERT INTO log VALUES (5, 'from upstream')",
            FILL
        },
        {"COMMIT", "SELECT pg_replication_origin_session_reset()"}
    };

    private static final String[][] TWO_PHASE = {
        {"BEGIN", "INSERT INTO log VALUES (6, 'prepared')", "PREPARE TRANSACTION 'small ä'"},
        {"COMMIT PREPARED 'small ä'"},
        {"BEGIN", "INSERT INTO log VALUES (0, 'prepared and undone')", "PREPARE TRANSACTION 'small ä'"},
        {"ROLLBACK PREPARED 'small ä'"},
        {"BEGIN", "INSERT INTO log VALUES (7, 'streamed and prepared')", FILL},
        {"PREPARE TRANSACTION 'large'"},
        {"COMMIT PREPARED 'large'"},
        {"BEGIN", "INSERT INTO log VALUES (0, 'streamed, prepared and undone')", FILL},
        {"PREPARE TRANSACTION 'large'"},
        {"ROLLBACK PREPARED 'large'"}
    };

    @ParameterizedTest
    @CsvSource({
        "14, 2, on, ''",
        "15, 3, on, ''",
        "16, 4, on, ''",
        "16, 4, parallel, ''",
        "18, 4, on, ''",
        "18, 4, parallel, ''",
        "18, 4, parallel, -immediate"
    })
    void record(int version, int protocolVersion, String streaming, String immediate) throws Exception {
        PostgresServer.Builder builder = PostgresServer.builder(version)
                .setting("logical_decoding_work_mem", "64kB")
                .setting("max_prepared_transactions", "10");
        if (!immediate.isEmpty()) {
            builder.setting("debug_logical_replication_streaming", "immediate"); // each change, in a block of its own
        }
        boolean twoPhase = protocolVersion >= 3;
        Map<String, String> options = new LinkedHashMap<>();
        options.put("proto_version", Integer.toString(protocolVersion));
        options.put("messages", "true");
        options.put("streaming", streaming);
        if (twoPhase) {
            options.put("two_phase", "true");
        }
        try (PostgresServer server = builder.start()) {
            Database database = server.createDatabase("recorded").database("recorded");
            database.execute(PgOutputRecorder.TABLES);
            database.execute(BALLAST);
            database.query("SELECT pg_create_logical_replication_slot('stream', 'pgoutput', false, " + twoPhase + ")");
            PgOutputRecorder.createSlot(database, "facts", "test_decoding");
            List<byte[]> messages =
                    PgOutputRecorder.read(server, "stream", options, stream -> run(database, twoPhase, stream));
            String name = "postgres-" + version + "-streaming-" + streaming + immediate;
            Map<String, String> commits = PgOutputRecorder.commits(server, database);
            PgOutputRecorder.write(StreamedTransactionsRecorder.class, server, name, options, messages, commits);
        }
    }

    private static List<byte[]> run(Database database, boolean twoPhase, PGReplicationStream stream)
            throws SQLException {
        List<String[]> steps = new ArrayList<>(List.of(STREAMING));
        if (twoPhase) {
            steps.addAll(List.of(TWO_PHASE));
        }
        List<byte[]> messages = new ArrayList<>();
        try (Connection session = database.connect();
                Statement statement = session.createStatement()) {
            for (int i = 0; i < steps.size(); i++) {
                for (String sql : steps.get(i)) {
                    statement.execute(sql);
                }
                String row = "after step " + (i + 1);
                database.execute("INSERT INTO log VALUES (0, '" + row + "')");
                messages.addAll(PgOutputRecorder.readUntilCommitOf(stream, row));
            }
        }
        return messages;
    }
}
