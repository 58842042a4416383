// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.testkit.Await;
import java.io.IOException;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

/** A source that knows several hosts, and what it asks of a slot for a failover. */
class HostsIT {
    @SomeVersion
    void readsFromTheFirstHostThatWillDoAndSaysWhatEachSaid(int version) throws IOException {
        try (SourceFixture fixture = withTable(version)) {
            int nobody = unusedPort();
            String both = nobody + "," + fixture.server().port();
            PostgresReplicationSource.Builder builder =
                    fixture.builder().withHost("127.0.0.1,127.0.0.1").withPort(both);
            PostgresReplicationSource standby =
                    fixture.source(builder.withTargetSessionAttributes(TargetSessionAttributes.STANDBY));
            Recorder unused = fixture.record(standby, SubscriptionSettings.forQuery("none"));
            standby.start();
            Await.untilAsserted(
                    "it says what each said",
                    () -> assertThat(standby.status().message().orElse(""))
                            .contains("none of the 2 hosts led to a session")
                            .contains("connecting to 127.0.0.1:" + nobody + ": Connection refused")
                            .contains("connecting to 127.0.0.1:"
                                    + fixture.server().port()
                                    + ": server is not in hot standby mode, but target_session_attrs is standby"));
            fixture.closeSources();

            for (TargetSessionAttributes target : new TargetSessionAttributes[] {
                TargetSessionAttributes.PRIMARY, TargetSessionAttributes.PREFER_STANDBY
            }) {
                Recorder recorder = fixture.stream(builder.withTargetSessionAttributes(target));
                assertThat(recorder.source().slotExists()).isTrue();
                fixture.execute("INSERT INTO t DEFAULT VALUES");
                assertThat(recorder.changes()).hasSize(1);
                fixture.closeSources();
            }
        }
    }

    @Test
    void makesTheSlotAFailoverSlotWhenItIsMadeAndWhenItExists() {
        try (SourceFixture fixture = withTable(18)) {
            Recorder unused = fixture.stream(fixture.builder().withFailoverSlot(true));
            assertThat(failover(fixture)).isEqualTo("t");
            fixture.closeSources();
            fixture.server().query("SELECT pg_drop_replication_slot('" + fixture.slotName() + "')");

            Recorder plain = fixture.stream();
            assertThat(failover(fixture)).isEqualTo("f");
            plain.close();
            fixture.closeSources();
            Recorder kept = fixture.stream(fixture.builder().withFailoverSlot(true));
            assertThat(failover(fixture)).isEqualTo("t");
            fixture.execute("INSERT INTO t DEFAULT VALUES");
            assertThat(kept.changes()).hasSize(1);
        }
    }

    /** The mark of a bootstrap that did not end is not on the standby. */
    @Test
    void makesTheSlotAFailoverSlotOnceTheFirstBootstrapIsConfirmed() {
        try (SourceFixture fixture = withTable(18)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withFailoverSlot(true));
            Recorder recorder =
                    fixture.record(source, SubscriptionSettings.forQuery("all").withBootstrap(), false);
            source.start();
            Recorder.Snapshot snapshot = recorder.snapshot();
            fixture.execute("INSERT INTO t DEFAULT VALUES");
            assertThat(recorder.changes()).hasSize(1);
            assertThat(failover(fixture)).isEqualTo("f");
            recorder.confirm(snapshot.completed());
            Await.until("it is a failover slot", () -> failover(fixture).equals("t"));
            fixture.execute("INSERT INTO t DEFAULT VALUES");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2}");
        }
    }

    @Test
    void refusesAFailoverSlotOnAServerThatHasNone() {
        try (SourceFixture fixture = withTable(14)) {
            PostgresReplicationSource source = fixture.source(fixture.builder().withFailoverSlot(true));
            Recorder unused = fixture.record(source, SubscriptionSettings.forQuery("none"));
            source.start();
            Await.until("it fails", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause().orElseThrow())
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("failover_slot needs PostgreSQL 17 or later, but the server has 14.");
        }
    }

    private static SourceFixture withTable(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE t (id serial PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }

    private static String failover(SourceFixture fixture) {
        return fixture.server()
                .queryOne("SELECT failover FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName() + "'");
    }

    private static int unusedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
