// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.PostgresServer;
import java.time.Duration;
import java.util.List;

/** A server that is shut down fast waits for confirmations that a subscriber may hold back for ever. */
class HeldBackShutdownIT {
    private static final SubscriptionSettings QUERY = SubscriptionSettings.forQuery("held back");

    @EachVersion
    void letsTheServerGoWhileSomethingIsNotConfirmed(int version) {
        try (PostgresServer server = PostgresServer.builder(version).start();
                SourceFixture fixture = SourceFixture.on(server);
                Logged logged = new Logged()) {
            fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, QUERY, false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (1)");
            SourceEvent.Transaction held = recorder.transaction();
            assertThat(server.stopFast(Duration.ofSeconds(60))).isLessThan(Duration.ofSeconds(45));
            assertThat(logged.messages()).anyMatch(message -> message.contains(Logged.LETTING_GO));
            server.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO users VALUES (2)");
            List<String> changes = recorder.changes();
            assertThat(changes).as("nothing is given twice in a run").containsExactly("insert users:2 {id=2}");
            recorder.confirm(held);
        }
    }
}
