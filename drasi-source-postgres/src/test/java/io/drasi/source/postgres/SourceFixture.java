// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ComponentStatus;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A database, a slot name and sources that read from it; all of them are gone after {@link #close}.
 *
 * <pre>{@code
 * try (SourceFixture fixture = SourceFixture.on(version)) {
 *     fixture.execute("CREATE TABLE users (id int PRIMARY KEY)", "CREATE PUBLICATION drasi_publication FOR ALL TABLES");
 *     Recorder recorder = fixture.stream();
 *     fixture.execute("INSERT INTO users VALUES (1)");
 *     assertThat(recorder.changes()).containsExactly("insert users:1 {id=1}");
 * }
 * }</pre>
 */
final class SourceFixture implements AutoCloseable {
    static final String PUBLICATION = "drasi_publication";
    static final String QUERY_ID = "test";

    /** Started when a test first wants one, and stopped with this JVM. */
    private static final Map<Integer, PostgresServer> SHARED = new ConcurrentHashMap<>();

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final PostgresServer server;
    private final Database database;
    private final String slotName;
    private final List<PostgresReplicationSource> sources = new ArrayList<>();
    private final List<Recorder> recorders = new ArrayList<>();

    private SourceFixture(PostgresServer server, Database database, String slotName) {
        this.server = server;
        this.database = database;
        this.slotName = slotName;
    }

    private static Database created(PostgresServer server, String databaseName) {
        return server.createDatabase(databaseName).database(databaseName);
    }

    /** A new database on a server that tests share: they must not stop it, nor change its settings or roles. */
    static SourceFixture on(int majorVersion) {
        return on(shared(majorVersion));
    }

    /** A new database in that encoding on a server that tests share. */
    static SourceFixture inEncoding(int majorVersion, String encoding) {
        PostgresServer server = shared(majorVersion);
        String name = "test_" + NUMBER.incrementAndGet();
        server.execute("CREATE DATABASE " + name + " ENCODING '" + encoding
                + "' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        return new SourceFixture(server, server.database(name), name);
    }

    /** A new database on the test's own server. */
    static SourceFixture on(PostgresServer server) {
        String name = "test_" + NUMBER.incrementAndGet();
        return new SourceFixture(server, created(server, name), name);
    }

    /** A new database of that name on the test's own server. */
    static SourceFixture on(PostgresServer server, String databaseName) {
        return new SourceFixture(server, created(server, databaseName), "test_" + NUMBER.incrementAndGet());
    }

    private static PostgresServer shared(int majorVersion) {
        return SHARED.computeIfAbsent(
                majorVersion,
                major -> PostgresServer.builder(major)
                        .setting("max_replication_slots", "30")
                        .setting("max_wal_senders", "30")
                        .setting("max_prepared_transactions", "5")
                        .setting("track_commit_timestamp", "on")
                        .start());
    }

    PostgresServer server() {
        return server;
    }

    Database database() {
        return database;
    }

    int version() {
        return server.version().major();
    }

    String slotName() {
        return slotName;
    }

    /** Runs the scripts in one session; each statement commits by itself, unless the script says BEGIN. */
    void execute(String... scripts) {
        database.execute(scripts);
    }

    /** Publishes all tables. */
    void publishAllTables() {
        execute("CREATE PUBLICATION " + PUBLICATION + " FOR ALL TABLES");
    }

    /** A source of this database, as the superuser. */
    PostgresReplicationSource.Builder builder() {
        return PostgresReplicationSource.builder("source")
                .withHost(server.host())
                .withPort(server.port())
                .withDatabase(database.name())
                .withUser(server.superuser())
                .withPublicationName(PUBLICATION)
                .withSlotName(slotName);
    }

    /** Builds a source that is closed with the fixture. */
    PostgresReplicationSource source(PostgresReplicationSource.Builder builder) {
        PostgresReplicationSource source = builder.build();
        sources.add(source);
        return source;
    }

    /** Subscribes; the recorder confirms what it takes, and is closed with the fixture. */
    Recorder record(PostgresReplicationSource source, SubscriptionSettings settings) {
        return record(source, settings, true);
    }

    /** @param confirming whether the recorder confirms each event when it takes it */
    Recorder record(PostgresReplicationSource source, SubscriptionSettings settings, boolean confirming) {
        Recorder recorder = new Recorder(this, source, source.subscribe(settings), confirming);
        recorders.add(recorder);
        return recorder;
    }

    /** {@link #stream(PostgresReplicationSource.Builder)} with the default options. */
    Recorder stream() {
        return stream(builder());
    }

    /** Starts a source with one subscription, without a bootstrap; when this returns, it streams. */
    Recorder stream(PostgresReplicationSource.Builder builder) {
        return start(builder, SubscriptionSettings.forQuery(QUERY_ID));
    }

    /** Starts a source with one subscription, with a bootstrap: what it takes first is the {@link Recorder#snapshot}. */
    Recorder bootstrap() {
        return bootstrap(builder());
    }

    Recorder bootstrap(PostgresReplicationSource.Builder builder) {
        PostgresReplicationSource source = source(builder);
        Recorder recorder =
                record(source, SubscriptionSettings.forQuery(QUERY_ID).withBootstrap());
        source.start();
        return recorder;
    }

    /** Starts a source with one subscription that does not want a bootstrap; when this returns, it streams. */
    Recorder start(PostgresReplicationSource.Builder builder, SubscriptionSettings settings) {
        PostgresReplicationSource source = source(builder);
        Recorder recorder = record(source, settings);
        source.start();
        awaitStreaming(source);
        return recorder;
    }

    /** Starts a source again, with another subscription like that; when this returns, it streams. */
    Recorder start(PostgresReplicationSource source) {
        source.start(); // first: one that has failed takes no subscription
        Recorder recorder = record(source, SubscriptionSettings.forQuery(QUERY_ID));
        awaitStreaming(source);
        return recorder;
    }

    /**
     * Waits until the source streams: what commits from then on is delivered.
     *
     * @throws AssertionError with its message if the source fails instead
     */
    void awaitStreaming(PostgresReplicationSource source) {
        Await.until("the source streams", () -> {
            requireNoFailure(source);
            return source.status().status() == ComponentStatus.RUNNING
                    && source.handedOverLsn().isValid();
        });
    }

    static void requireNoFailure(PostgresReplicationSource source) {
        StatusChange now = source.status();
        if (now.status() == ComponentStatus.ERROR) {
            throw new AssertionError(
                    "the source failed: " + now.message().orElse(""),
                    now.cause().orElse(null));
        }
    }

    /** Commits something that no publication has, and tells where the server's log ends then. */
    Lsn walEnd() {
        database.query("SELECT pg_logical_emit_message(true, 'test', 'flushes the log')");
        return Lsn.parse(database.queryOne("SELECT pg_current_wal_flush_lsn()"));
    }

    /** What the server knows to be confirmed; empty if there is no slot. */
    Optional<Lsn> confirmedFlushLsn() {
        return server
                .query("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE confirmed_flush_lsn IS NOT NULL"
                        + " AND slot_name = '" + slotName + "'")
                .stream()
                .findFirst()
                .map(row -> Lsn.parse(row.get(0)));
    }

    /** Waits until the server knows that everything before {@code lsn} is confirmed. */
    void awaitConfirmed(Lsn lsn) {
        Await.until(
                lsn + " is confirmed",
                () -> !confirmedFlushLsn().orElse(Lsn.INVALID).isBefore(lsn));
    }

    /** Closes the recorders and the sources; the slot and the database stay. */
    void closeSources() {
        recorders.forEach(Recorder::close);
        recorders.clear();
        sources.forEach(PostgresReplicationSource::close);
        sources.clear();
    }

    @Override
    public void close() {
        closeSources();
        if (!server.running()) {
            return;
        }
        Await.untilAsserted(
                "the slots are dropped",
                () -> server.query(
                        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '"
                                + database.name().replace("'", "''") + "' OR slot_name LIKE '" + slotName + "\\_%'"));
        Await.untilAsserted("the database is dropped", () -> {
            database.disconnect();
            server.execute("DROP DATABASE IF EXISTS \"" + database.name().replace("\"", "\"\"") + "\"");
        });
    }
}
