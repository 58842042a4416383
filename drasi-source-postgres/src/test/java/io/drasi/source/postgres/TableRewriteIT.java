// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tables that are rewritten while a bootstrap reads, and so look empty to an older snapshot, or that are locked. */
class TableRewriteIT {
    @SomeVersion
    void readsATableThatIsToBeRewrittenBeforeItsTurn(int version) throws Exception {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE a (id int PRIMARY KEY)",
                    "INSERT INTO a SELECT generate_series(1, 200)",
                    "CREATE TABLE b (id int PRIMARY KEY, n int)",
                    "INSERT INTO b SELECT i, i FROM generate_series(1, 100) AS i");
            fixture.publishAllTables();
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapBatchSize(1).withDispatchBufferCapacity(1));
            Recorder recorder =
                    fixture.record(source, SubscriptionSettings.forQuery("q").withBootstrap());
            source.start();
            Await.until(
                    "the bootstrap has its locks and waits for the subscriber",
                    () -> fixture.database()
                            .queryOne("SELECT count(*) FROM pg_locks WHERE relation = 'b'::regclass AND granted")
                            .equals("1"));
            CompletableFuture<Void> rewrite = CompletableFuture.runAsync(
                    () -> fixture.execute("ALTER TABLE b ALTER n TYPE bigint", "INSERT INTO b VALUES (101, 101)"));
            Await.until(
                    "the rewrite waits",
                    () -> fixture.database()
                            .queryOne("SELECT count(*) FROM pg_locks WHERE relation = 'b'::regclass AND NOT granted")
                            .equals("1"));
            assertThat(recorder.snapshot().rows()).hasSize(300);
            rewrite.get(30, TimeUnit.SECONDS);
            recorder.catchUp();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "b", "b");
        }
    }

    /** From 18 on the server looks into the published tables to tell their columns, and waits for that. */
    @Test
    void saysThatATableIsLockedAndTriesAgain() throws Exception {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder =
                    fixture.record(source, SubscriptionSettings.forQuery("q").withBootstrap());
            try (Connection other = fixture.database().connect();
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
                source.start();
                Await.until(
                        "the source says so",
                        () -> source.status().message().orElse("").contains("Another session has a table locked"));
                assertThat(source.status().status()).isEqualTo(ComponentStatus.STARTING);
                other.commit();
            }
            assertThat(recorder.snapshot().rows()).hasSize(1);
        }
    }
}
