// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.ReplicationConnection;
import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.config.SlotHeld;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.error.SlotHeldException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.server.Connections;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Slots that are held, of another kind, or that can't give the changes that are needed. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("versions")
class BadSlotIT {
    private static final SubscriptionSettings NO_BOOTSTRAP = SubscriptionSettings.forQuery("observer");
    private static final int FIRST_THAT_ONLY_WARNS_OF_A_PUBLICATION = 18;
    private static final int FIRST_THAT_INVALIDATES_SLOTS = 13;

    private static PostgresServer server;

    @Parameter
    int version;

    private Shop shop;

    /** With 17, the last one for which an unknown publication is an error, if it is at hand. */
    static IntStream versions() {
        return PostgresVersion.available().stream()
                .mapToInt(PostgresVersion::major)
                .filter(major -> List.of(10, 17, 18).contains(major));
    }

    @BeforeParameterizedClassInvocation
    static void startServer(int version) {
        PostgresServer.Builder builder = Shop.server(version);
        if (version >= FIRST_THAT_INVALIDATES_SLOTS) {
            // Two segments of 1 MB, so that a little writing makes a slot lose its log.
            builder.initdbArgs("--wal-segsize=1").setting("min_wal_size", "2MB").setting("max_wal_size", "4MB");
        }
        server = builder.start();
    }

    @AfterParameterizedClassInvocation
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void openShop() {
        shop = Shop.open(server);
    }

    @AfterEach
    void closeShop() {
        shop.close();
    }

    private void createSlot(String plugin) {
        shop.database().query("SELECT pg_create_logical_replication_slot('" + shop.name() + "', '" + plugin + "')");
    }

    private Lsn confirmed() {
        return Lsn.parse(server.queryOne(
                "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + shop.name() + "'"));
    }

    private String holder() {
        return server.queryOne("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + shop.name() + "'");
    }

    private ReplicationStream stream(ReplicationConnection connection) {
        return connection.startReplication(
                shop.name(), Lsn.INVALID, Map.of("proto_version", "1", "publication_names", "drasi_publication"));
    }

    // ---- held by another process

    @Test
    void waitsForASlotThatAnotherProgramReads() {
        createSlot("pgoutput");
        try (ReplicationConnection other = ReplicationConnection.open(
                        Connections.settings(shop.source().build().config(), "other program"));
                ReplicationStream stream = stream(other)) {
            assertThat(stream).isNotNull();
            try (ObservedSource observed = ObservedSource.start(shop.source().build(), NO_BOOTSTRAP, Shop.PASSWORD)) {
                StatusChange retry = observed.awaitRetry(2);

                SourceException error = (SourceException) retry.cause().orElseThrow();
                assertThat(error)
                        .isInstanceOf(SlotHeldException.class)
                        .hasMessageStartingWith("replication slot \"" + shop.name()
                                + "\" is held by another process (server process " + holder() + ")");
                List<String> statements = Shop.statements(error);
                assertThat(statements).containsExactly("SELECT * FROM pg_stat_activity WHERE pid = " + holder() + ";");
                assertThat(server.query(statements.get(0)).toString()).contains("other program");

                other.abort();
                shop.requireStreams(observed.awaitStreaming());
            }
        }
    }

    @Test
    void waitsForASlotThatAnotherSourceWorksWith() {
        try (ObservedSource first = shop.start()) {
            shop.requireWorks(first);
            try (ObservedSource second = shop.start()) {
                SourceException error =
                        (SourceException) second.awaitRetry(2).cause().orElseThrow();

                assertThat(error)
                        .isInstanceOf(SlotHeldException.class)
                        .hasMessageContaining("replication slot \"" + shop.name() + "\" is held by another process")
                        .hasMessageContaining("give this one its own slot_name");
                String pid = error.getMessage().replaceAll("(?s).*server process (\\d+).*", "$1");
                assertThat(server.queryOne("SELECT application_name FROM pg_stat_activity WHERE pid = " + pid))
                        .isEqualTo("drasi shop");

                first.source().close();
                shop.requireWorks(second);
            }
        }
    }

    @Test
    void failsAtOnceIfToldSoForASlotThatAnotherProgramReads() {
        createSlot("pgoutput");
        try (ReplicationConnection other = ReplicationConnection.open(
                        Connections.settings(shop.source().build().config(), "other program"));
                ReplicationStream stream = stream(other)) {
            assertThat(stream).isNotNull();
            SourceException error = shop.errorOf(shop.source().withSlotHeld(SlotHeld.FAIL));

            assertThat(error)
                    .isInstanceOf(SlotHeldException.class)
                    .hasMessageStartingWith("replication slot \"" + shop.name()
                            + "\" is held by another process (server process " + holder() + ")");
        }
    }

    @Test
    void failsAtOnceIfToldSoForASlotThatAnotherSourceWorksWith() {
        try (ObservedSource first = shop.start()) {
            shop.requireWorks(first);
            assertThat(shop.errorOf(shop.source().withSlotHeld(SlotHeld.FAIL)))
                    .isInstanceOf(SlotHeldException.class)
                    .hasMessageContaining("is held by another process (server process ");
            shop.requireStreams(first);
        }
    }

    /** A process of the server that does not notice that its client has gone is no other program. */
    @Test
    void waitsForItsOwnClosedConnectionInAnyCase() throws IOException, InterruptedException {
        assumeTrue(version == 18, "no matter of the version, and it takes the peer timeout");
        PostgresReplicationSource source = shop.source()
                .withSlotHeld(SlotHeld.FAIL)
                .withPeerTimeout(Duration.ofSeconds(1))
                .build();
        try (ObservedSource observed = ObservedSource.start(source, Shop.PASSWORD)) {
            shop.requireWorks(observed);
            String pid = holder();
            signal("STOP", pid);
            try {
                Await.until(
                        "the slot is held",
                        () -> source.status()
                                .message()
                                .orElse("")
                                .contains("is held by another process (server process " + pid + ")"));
            } finally {
                signal("CONT", pid);
            }
            shop.requireStreams(observed);
        }
    }

    private static void signal(String name, String pid) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor())
                .isZero();
    }

    // ---- of another kind

    @Test
    void refusesASlotOfAnotherPlugin() {
        createSlot("test_decoding");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("replication slot \"" + shop.name()
                        + "\" uses the plugin test_decoding instead of pgoutput, so this source can't read from it")
                .hasMessageContaining("Take another slot_name");
        requireDropMakesItWork(error);
    }

    @Test
    void refusesASlotOfAnotherDatabase() {
        server.query("SELECT pg_create_logical_replication_slot('" + shop.name() + "', 'pgoutput')");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("replication slot \"" + shop.name() + "\" belongs to database postgres, so");
        requireDropMakesItWork(error);
    }

    @Test
    void refusesAPhysicalSlot() {
        server.query("SELECT pg_create_physical_replication_slot('" + shop.name() + "')");
        SourceException error = shop.errorOf(shop.source());

        assertThat(error)
                .isInstanceOf(SetupException.class)
                .hasMessageStartingWith("replication slot \"" + shop.name() + "\" is a physical one, so");
        requireDropMakesItWork(error);
    }

    private void requireDropMakesItWork(SourceException error) {
        assertThat(Shop.statements(error)).containsExactly("SELECT pg_drop_replication_slot('" + shop.name() + "');");
        shop.run(Shop.statements(error));
        shop.requireWorks();
    }

    // ---- older than its publication

    @Test
    void stopsWhenTheSlotIsOlderThanThePublication() {
        shop.database().execute("DROP PUBLICATION drasi_publication");
        createSlot("pgoutput");
        shop.database()
                .execute(
                        "INSERT INTO users VALUES (2, 'Bob')",
                        "CREATE PUBLICATION drasi_publication FOR TABLE users",
                        "INSERT INTO users VALUES (3, 'Eve')");

        requirePositionUnavailable(NO_BOOTSTRAP);
    }

    @Test
    void stopsWhenThePublicationWasMadeAgain() {
        shop.requireWorks();
        shop.database().execute("DROP PUBLICATION drasi_publication");
        Lsn lost = Lsn.parse(server.queryOne("SELECT pg_current_wal_insert_lsn()"));
        shop.database()
                .execute(
                        "INSERT INTO users VALUES (2, 'Bob')",
                        "CREATE PUBLICATION drasi_publication FOR TABLE users",
                        "INSERT INTO users VALUES (3, 'Eve')");

        // Up to there nothing was published that is not confirmed, so the source may go on that far.
        requirePositionUnavailable(NO_BOOTSTRAP, lost);
    }

    /** The second subscription's own new slot is all right, but the shared one is not. */
    @Test
    void stopsWhenTheSlotIsOlderThanThePublicationThoughABootstrapIsWanted() {
        shop.database().execute("DROP PUBLICATION drasi_publication");
        createSlot("pgoutput");
        shop.database()
                .execute("INSERT INTO users VALUES (2, 'Bob')", "CREATE PUBLICATION drasi_publication FOR TABLE users");

        requirePositionUnavailable(NO_BOOTSTRAP.withBootstrap());
    }

    private void requirePositionUnavailable(SubscriptionSettings settings) {
        requirePositionUnavailable(settings, confirmed());
    }

    /** @param most up to where the server may be told that everything is confirmed */
    private void requirePositionUnavailable(SubscriptionSettings settings, Lsn most) {
        Lsn confirmedBefore = confirmed();
        SourceException error;
        try (ObservedSource observed = ObservedSource.start(shop.source().build(), settings, Shop.PASSWORD)) {
            error = observed.awaitErrorBeforeTransactions();
        }
        assertThat(error)
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageStartingWith("source 'shop', reading the stream (slot " + shop.name() + "): ")
                .hasMessageContaining(
                        version < FIRST_THAT_ONLY_WARNS_OF_A_PUBLICATION
                                ? "publication \"drasi_publication\" does not exist"
                                : "skipped loading publication \"drasi_publication\"")
                .hasMessageContaining("creating the publication again does not help");
        // Nothing was skipped: the server still has all of it.
        assertThat(confirmed()).isBetween(confirmedBefore, most);

        List<String> statements = Shop.statements(error);
        assertThat(statements)
                .containsExactly(
                        "CREATE PUBLICATION \"drasi_publication\" FOR ALL TABLES;",
                        "SELECT pg_drop_replication_slot('" + shop.name() + "');");
        Await.untilAsserted("the slot is dropped", () -> shop.run(statements.subList(1, 2)));
        shop.requireWorks();
    }

    @Test
    void stopsWhenThePublicationIsDroppedWhileItStreams() {
        try (ObservedSource observed = shop.start()) {
            shop.requireWorks(observed);
            shop.database().execute("DROP PUBLICATION drasi_publication", "INSERT INTO users VALUES (2, 'Bob')");
            SourceException error = observed.awaitErrorBeforeTransactions();

            assertThat(error)
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("publication \"drasi_publication\"");
            shop.run(List.of("CREATE PUBLICATION drasi_publication FOR TABLE users"));
            Await.untilAsserted(
                    "the slot is dropped", () -> shop.run(Shop.statements(error).subList(1, 2)));
        }
        shop.requireWorks();
    }

    // ---- gone

    @Test
    void stopsWhenTheSlotIsDroppedUnderIt() {
        try (ObservedSource observed = shop.start()) {
            shop.requireWorks(observed);
            Await.untilAsserted("the slot is dropped", () -> {
                server.query("SELECT pg_terminate_backend(" + holder() + ")");
                server.query("SELECT pg_drop_replication_slot('" + shop.name() + "')");
            });
            SourceException error = observed.awaitErrorBeforeTransactions();

            assertThat(error)
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContaining("replication slot \"" + shop.name() + "\"")
                    .hasMessageContaining("Start again with a bootstrap.");
        }
        shop.requireWorks();
    }

    @Test
    void endsASubscriptionThatResumesWhenThereIsNoSlot() {
        SourceEvent.BootstrapCompleted completed;
        try (ObservedSource observed = shop.start()) {
            completed = observed.await(SourceEvent.BootstrapCompleted.class);
        }
        shop.close();
        try (ObservedSource observed = ObservedSource.start(
                shop.source().build(), NO_BOOTSTRAP.withResumeFrom(completed.position()), Shop.PASSWORD)) {
            assertThat(observed.failureOfSubscription())
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessage("replication slot \"" + shop.name()
                            + "\" does not exist, so the changes after the position to resume from are lost\n"
                            + "Subscribe with a bootstrap.");
        }
    }

    // ---- invalidated

    private void assumeInvalidatesSlots() {
        assumeTrue(version >= FIRST_THAT_INVALIDATES_SLOTS, "before, a slot holds its log for ever");
    }

    private void loseLog() {
        server.setConfig("max_slot_wal_keep_size", "1MB");
        server.reload();
        Await.until("the slot has lost its log", () -> {
            shop.database()
                    .execute("CREATE TABLE IF NOT EXISTS noise (text text);"
                            + " INSERT INTO noise SELECT repeat('x', 2000) FROM generate_series(1, 1000);"
                            + " SELECT pg_switch_wal(); CHECKPOINT");
            return server.queryOne(
                            "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + shop.name() + "'")
                    .equals("lost");
        });
        server.setConfig("max_slot_wal_keep_size", "-1");
        server.reload();
    }

    private void requireInvalidated(SourceException error) {
        assertThat(error)
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageStartingWith("replication slot \"" + shop.name() + "\" was invalidated by the server (")
                .hasMessageContaining(version >= 17 ? "invalidation_reason = wal_removed" : "wal_status = lost")
                .hasMessageContaining("changes since ");
        requireLostLog(error);
    }

    private void requireLostLog(SourceException error) {
        assertThat(error)
                .isInstanceOf(PositionUnavailableException.class)
                .hasMessageContaining("raise max_slot_wal_keep_size");
        requireDropMakesItWork(error);
    }

    @Test
    void stopsWhenTheServerHasRemovedTheLogOfTheSlot() {
        assumeInvalidatesSlots();
        shop.requireWorks();
        loseLog();

        requireInvalidated(shop.errorOf(shop.source()));
    }

    @Test
    void stopsWhenTheServerRemovesTheLogWhileASubscriberDoesNotConfirm() {
        assumeInvalidatesSlots();
        SourceException error;
        try (ObservedSource observed = shop.start()) {
            shop.requireWorks(observed);
            shop.database().execute("INSERT INTO users VALUES (2, 'Bob')");
            loseLog();
            error = observed.awaitError();
        }
        if (error.getMessage().contains("can no longer ")) {
            // The slot became invalid just between the source's look at it and its request to stream.
            assertThat(error)
                    .hasMessageMatching(
                            "(?s).*can no longer (get changes from|access) replication slot \"" + shop.name() + "\".*");
            requireLostLog(error);
        } else {
            requireInvalidated(error);
        }
    }
}
