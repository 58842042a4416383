// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Listeners may call the source that they listen to. */
class StatusListenerIT {
    @SomeVersion
    void mayCloseTheSourceThatIsBeingStopped(int version) throws Exception {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            fixture.record(source, SubscriptionSettings.forQuery("q"));
            source.addStatusListener(change -> {
                if (change.status() == ComponentStatus.STOPPED) {
                    source.close();
                }
            });
            source.start();
            fixture.awaitStreaming(source);
            CompletableFuture.runAsync(source::stop).get(45, TimeUnit.SECONDS);
            assertThat(source.status().status()).isEqualTo(ComponentStatus.STOPPED);
            assertThatThrownBy(source::start).isInstanceOf(IllegalStateException.class);
        }
    }

    @SomeVersion
    void mayCloseASourceThatIsAboutToStart(int version) {
        try (SourceFixture fixture = shop(version)) {
            PostgresReplicationSource source = fixture.source(fixture.builder());
            fixture.record(source, SubscriptionSettings.forQuery("q"));
            source.addStatusListener(change -> {
                if (change.status() == ComponentStatus.STARTING) {
                    source.close();
                }
            });
            source.start();
            Await.until("the source has stopped", () -> source.status().status() == ComponentStatus.STOPPED);
            SourceTraces.awaitConnections(fixture, 0);
            assertThat(fixture.confirmedFlushLsn()).as("no slot was made").isEmpty();
        }
    }

    @SomeVersion
    void mayStartAFailedSourceAgain(int version) {
        try (SourceFixture fixture = shop(version)) {
            fixture.execute("ALTER PUBLICATION " + SourceFixture.PUBLICATION + " RENAME TO hidden");
            PostgresReplicationSource source = fixture.source(fixture.builder());
            CompletableFuture<Void> failed = new CompletableFuture<>();
            source.addStatusListener(change -> {
                if (change.status() == ComponentStatus.ERROR && failed.complete(null)) {
                    assertThatThrownBy(() -> source.subscribe(SubscriptionSettings.forQuery("too late")))
                            .isInstanceOf(IllegalStateException.class);
                    fixture.execute("ALTER PUBLICATION hidden RENAME TO " + SourceFixture.PUBLICATION);
                    source.start();
                }
            });
            source.start();
            Await.until(
                    "the source has failed and runs again",
                    () -> failed.isDone() && source.status().status() == ComponentStatus.RUNNING);
            try (Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("q"))) {
                fixture.awaitStreaming(source);
                fixture.execute("INSERT INTO users VALUES (1)");
                assertThat(recorder.changes()).containsExactly("insert users:1 {id=1}");
            }
        }
    }

    private static SourceFixture shop(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }
}
