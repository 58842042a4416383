// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Await;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A snapshot that is read on several connections. */
class ParallelBootstrapIT {
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();
    private static final int FIRST_WITH_RANGE_SCANS = 14;
    /** With the filler two parts and a bit. */
    private static final int ROWS = 22_000;

    private static SourceFixture withLargeTable(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE TABLE large (id int PRIMARY KEY, filler char(4000))",
                "ALTER TABLE large ALTER filler SET STORAGE PLAIN",
                "INSERT INTO large SELECT i, 'x' FROM generate_series(1, " + ROWS + ") AS i",
                "CREATE TABLE small (id int PRIMARY KEY)",
                "INSERT INTO small VALUES (1), (2)",
                "CREATE TABLE placed (n int)",
                "INSERT INTO placed SELECT i FROM generate_series(1, 1000) AS i");
        fixture.publishAllTables();
        return fixture;
    }

    @SomeVersion
    void readsEachRowOnce(int version) {
        try (SourceFixture fixture = withLargeTable(version)) {
            Recorder recorder = fixture.bootstrap(fixture.builder().withBootstrapParallelism(3));
            Recorder.Snapshot snapshot = recorder.snapshot();
            Set<String> ids = new HashSet<>();
            BitSet large = new BitSet();
            for (SourceChange.Insert row : snapshot.rows()) {
                assertThat(ids.add(row.element().metadata().reference().elementId()))
                        .isTrue();
                if (row.element().metadata().labels().equals(List.of("large"))) {
                    large.set((int) ((ElementValue.IntegerValue)
                                    row.element().properties().get("id").orElseThrow())
                            .value());
                }
            }
            assertThat(large.cardinality()).isEqualTo(ROWS);
            assertThat(snapshot.rows()).hasSize(ROWS + 1002);
            assertThat(snapshot.completed().rows()).isEqualTo(ROWS + 1002);
            SourceTraces.awaitOnlyStream(fixture);
        }
    }

    /** While nobody takes the rows one can see who reads them. */
    @EachVersion
    void readsOnSeveralConnectionsAndStopsAllOfThem(int version) {
        try (SourceFixture fixture = withLargeTable(version)) {
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapParallelism(3).withBootstrapBatchSize(10));
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            recorder.next(SourceEvent.BootstrapStarted.class);
            int readers = version >= FIRST_WITH_RANGE_SCANS ? 2 : 1; // the small tables are read at once
            Await.until("so many read", () -> copies(fixture) == readers);
            SourceTraces.stopPromptly(source);
            SourceTraces.awaitConnections(fixture, 0);
        }
    }

    @SomeVersion
    void beginsAgainWhenOneOfTheConnectionsBreaks(int version) {
        try (SourceFixture fixture = withLargeTable(version)) {
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapParallelism(2).withBootstrapBatchSize(10));
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            recorder.next(SourceEvent.BootstrapStarted.class);
            Await.until("somebody reads", () -> copies(fixture) > 0);
            String last = fixture.server()
                    .queryOne("SELECT max(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
                            + " AND datname = '" + fixture.database().name() + "'");
            fixture.server().query("SELECT pg_terminate_backend(" + last + ")");
            SourceEvent event = recorder.next();
            while (!(event instanceof SourceEvent.BootstrapStarted)) {
                event = recorder.next();
            }
            int rows = 0;
            while (event instanceof SourceEvent.BootstrapStarted || event instanceof SourceEvent.BootstrapBatch) {
                rows += event instanceof SourceEvent.BootstrapBatch batch
                        ? batch.rows().size()
                        : 0;
                event = recorder.next();
            }
            assertThat(event).isInstanceOf(SourceEvent.BootstrapCompleted.class);
            assertThat(rows).isEqualTo(ROWS + 1002);
        }
    }

    /** Each partition by itself, and of large ones ranges; columns may stand in another order there. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = 18)
    void readsThePartitionsOfATable(int version) {
        try (SourceFixture fixture = withPartitions(version)) {
            PostgresReplicationSource source =
                    fixture.source(fixture.builder().withBootstrapParallelism(3).withBootstrapBatchSize(10));
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            recorder.next(SourceEvent.BootstrapStarted.class);
            Await.until("three read", () -> copies(fixture) == 3);
            assertThat(fixture.database()
                            .query(
                                    "SELECT DISTINCT substring(query FROM 'FROM ONLY (public.[a-z]+)') FROM pg_stat_activity"
                                            + " WHERE query LIKE 'COPY%' AND datname = current_database() ORDER BY 1"))
                    .containsExactly(List.of("public.even"), List.of("public.odd"));
            recorder.catchUpWithBootstraps();
            TableMirror mirror = TableMirror.of(recorder.events());
            mirror.assertEqualsTable(fixture.database(), "large", "large");
            mirror.assertEqualsTable(fixture.database(), "placed", "placed");
        }
    }

    /** It has the right to read the table, and the rows of its partitions only as rows of that. */
    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = 14)
    void readsATableAsOneWhosePartitionsItMustNotRead(int version) {
        try (SourceFixture fixture = withPartitions(version)) {
            String role = "reader_" + fixture.database().name();
            fixture.execute("CREATE ROLE " + role + " LOGIN REPLICATION", "GRANT SELECT ON large, placed TO " + role);
            PostgresReplicationSource source = fixture.source(
                    fixture.builder().withUser(role).withBootstrapParallelism(3).withBootstrapBatchSize(100));
            Recorder recorder = fixture.record(source, BOOTSTRAP);
            source.start();
            recorder.catchUpWithBootstraps();
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "large", "large");
            source.close();
            fixture.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
        }
    }

    private static SourceFixture withPartitions(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(
                "CREATE TABLE large (id int, kind int, filler char(4000), PRIMARY KEY (id, kind))"
                        + " PARTITION BY LIST (kind)",
                "CREATE TABLE even (filler char(4000), kind int NOT NULL, gone int, id int NOT NULL)",
                "ALTER TABLE even DROP gone, ALTER filler SET STORAGE PLAIN",
                "ALTER TABLE large ATTACH PARTITION even FOR VALUES IN (0)",
                "CREATE TABLE odd PARTITION OF large FOR VALUES IN (1)",
                "INSERT INTO large SELECT i, CASE WHEN i % 7 = 0 THEN 1 ELSE 0 END, 'x'" + " FROM generate_series(1, "
                        + ROWS + ") AS i",
                "CREATE TABLE placed (n int) PARTITION BY RANGE (n)",
                "CREATE TABLE below PARTITION OF placed FOR VALUES FROM (0) TO (500)",
                "CREATE TABLE above PARTITION OF placed FOR VALUES FROM (500) TO (1000)",
                "INSERT INTO placed SELECT generate_series(0, 999)",
                "CREATE PUBLICATION " + SourceFixture.PUBLICATION
                        + " FOR TABLE large, placed WITH (publish_via_partition_root = true)");
        return fixture;
    }

    private static int copies(SourceFixture fixture) {
        return Integer.parseInt(fixture.database()
                .queryOne("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
                        + " AND datname = current_database()"));
    }
}
