// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.client.query.Sql;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A database of its own on a server, with a table {@code users} of one row, the publication {@code drasi_publication}, and
 * a role that logs in with a password and may do just what a source needs. A test takes one thing away.
 */
final class Shop implements AutoCloseable {
    static final String PASSWORD = "s3cr\"et 'pä\\ss§";

    private static final Pattern STATEMENT = Pattern.compile("\\b(?:ALTER|CREATE|GRANT|SELECT|SET) [^;]*;");
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final PostgresServer server;
    private final Database database;
    private final String name;

    private Shop(PostgresServer server) {
        this.server = server;
        this.name = "shop_" + COUNT.incrementAndGet();
        this.database = server.createDatabase(name).database(name);
        database.execute(
                "CREATE ROLE " + name + " LOGIN REPLICATION PASSWORD " + Sql.literal(PASSWORD),
                "CREATE TABLE users (id int PRIMARY KEY, name text)",
                "INSERT INTO users VALUES (1, 'Ada')",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + name,
                "CREATE PUBLICATION drasi_publication FOR TABLE users");
    }

    static Shop open(PostgresServer server) {
        return new Shop(server);
    }

    /** A server that takes nothing but SCRAM. */
    static PostgresServer.Builder server(int version) {
        return PostgresServer.builder(PostgresVersion.of(version))
                .setting("password_encryption", "scram-sha-256")
                .hba("host all all 127.0.0.1/32 scram-sha-256");
    }

    PostgresServer server() {
        return server;
    }

    Database database() {
        return database;
    }

    /** The database's name, and the role's and the slot's. */
    String name() {
        return name;
    }

    /** All options as they have to be. */
    PostgresReplicationSource.Builder source() {
        return PostgresReplicationSource.builder("shop")
                .withHost(server.host())
                .withPort(server.port())
                .withDatabase(name)
                .withUser(name)
                .withPassword(PASSWORD)
                .withSlotName(name);
    }

    ObservedSource start() {
        return start(source());
    }

    /** With a bootstrap. */
    ObservedSource start(PostgresReplicationSource.Builder builder) {
        return ObservedSource.start(builder.build(), PASSWORD);
    }

    /** What the source ends with, having left no slot that wasn't there. */
    SourceException errorOf(PostgresReplicationSource.Builder builder) {
        List<List<String>> slotsBefore = slots();
        try (ObservedSource observed = start(builder)) {
            SourceException error = observed.awaitError();
            assertThat(slots()).isEqualTo(slotsBefore);
            return error;
        }
    }

    List<List<String>> slots() {
        return server.query("SELECT slot_name, plugin, database FROM pg_replication_slots ORDER BY 1");
    }

    /** Proves that a source works: gives it a bootstrap and one change. */
    void requireWorks(PostgresReplicationSource.Builder builder) {
        try (ObservedSource observed = start(builder)) {
            requireWorks(observed);
        }
    }

    void requireWorks() {
        requireWorks(source());
    }

    /** The same of one that has been started; the table is the only one with rows. */
    void requireWorks(ObservedSource observed) {
        SourceEvent.BootstrapCompleted completed = observed.await(SourceEvent.BootstrapCompleted.class);
        assertThat(completed.rows()).isPositive();
        requireStreams(observed);
    }

    /** Proves that a started source delivers a change that is made now. */
    void requireStreams(ObservedSource observed) {
        int id = COUNT.addAndGet(1000);
        database.execute("INSERT INTO users VALUES (" + id + ", 'Grace')");
        Await.until("the new user " + id + " comes", () -> {
            SourceChange first = observed.await(SourceEvent.Transaction.class)
                    .changes()
                    .iterator()
                    .next();
            return first instanceof SourceChange.Insert insert
                    && insert.element().properties().get("id").equals(Optional.of(new IntegerValue(id)));
        });
    }

    /** The statements in what an error advises. */
    static List<String> statements(SourceException error) {
        return statements(error.remedy().orElseThrow());
    }

    static List<String> statements(String text) {
        return STATEMENT.matcher(text).results().map(MatchResult::group).toList();
    }

    /** Runs statements in the database, as the superuser. */
    void run(List<String> statements) {
        assertThat(statements).isNotEmpty();
        statements.forEach(database::execute);
    }

    /** Drops the slots: they are few, and belong to the server. */
    @Override
    public void close() {
        if (server.running()) {
            Await.untilAsserted(
                    "the slots are dropped",
                    () -> server.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"));
        }
    }
}
