// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How far a bootstrap is, told to the subscriber and in the log. */
class BootstrapProgressIT {
    private static final int FIRST_IN_THE_BUILD_WITH_ROW_FILTERS = 18;

    @EachVersion
    void tellsForEachTableHowManyRowsThereAreAndWereRead(int version) {
        try (SourceFixture fixture = SourceFixture.on(version);
                Logged logged = new Logged(Level.INFO)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, text text)",
                    "INSERT INTO users SELECT i, 'x' FROM generate_series(1, 10000) AS i",
                    "CREATE TABLE measures (id int, at date) PARTITION BY RANGE (at)",
                    "CREATE TABLE early PARTITION OF measures FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
                    "INSERT INTO measures SELECT i, '2020-02-02' FROM generate_series(1, 2000) AS i",
                    "CREATE TABLE small (id int PRIMARY KEY)",
                    "VACUUM ANALYZE");
            fixture.execute(
                    version >= 13
                            ? "CREATE PUBLICATION drasi_publication FOR TABLE users, small, measures"
                                    + " WITH (publish_via_partition_root = true)"
                            : "CREATE PUBLICATION drasi_publication FOR TABLE users, small, early");
            Recorder recorder = fixture.bootstrap(fixture.builder());
            recorder.snapshot();
            assertThat(ofTable(recorder, "users"))
                    .startsWith(new SourceEvent.BootstrapProgress("users", 0, 10_000, false))
                    .endsWith(new SourceEvent.BootstrapProgress("users", 10_000, 10_000, true));
            String partitioned = version >= 13 ? "measures" : "early";
            assertThat(ofTable(recorder, partitioned))
                    .startsWith(new SourceEvent.BootstrapProgress(partitioned, 0, 2_000, false))
                    .endsWith(new SourceEvent.BootstrapProgress(partitioned, 2_000, 2_000, true));
            List<SourceEvent.BootstrapProgress> small = ofTable(recorder, "small");
            assertThat(small.get(small.size() - 1))
                    .extracting(SourceEvent.BootstrapProgress::rowsRead, SourceEvent.BootstrapProgress::done)
                    .containsExactly(0L, true);
            assertThat(logged.messages()).anyMatch(message -> message.contains("read all 10000 rows of table users"));
        }
    }

    @Test
    void doesNotCountWhatTheRowFilterLeavesOut() {
        try (SourceFixture fixture = SourceFixture.on(FIRST_IN_THE_BUILD_WITH_ROW_FILTERS)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY, kind int)",
                    "INSERT INTO users SELECT i, i % 2 FROM generate_series(1, 10000) AS i",
                    "VACUUM ANALYZE users",
                    "CREATE PUBLICATION drasi_publication FOR TABLE users WHERE (id <= 4000)");
            Recorder recorder = fixture.bootstrap(fixture.builder());
            assertThat(recorder.snapshot().rows()).hasSize(4_000);
            assertThat(ofTable(recorder, "users").get(0).rowsEstimated()).isBetween(3_900L, 4_100L);
        }
    }

    @SomeVersion
    void tellsALateOneToo(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE users (id int PRIMARY KEY)",
                    "INSERT INTO users SELECT generate_series(1, 1000)",
                    "VACUUM ANALYZE users");
            fixture.publishAllTables();
            Recorder early = fixture.stream();
            Recorder late = fixture.record(
                    early.source(), SubscriptionSettings.forQuery("late").withBootstrap());
            late.snapshot();
            assertThat(ofTable(late, "users"))
                    .startsWith(new SourceEvent.BootstrapProgress("users", 0, 1_000, false))
                    .endsWith(new SourceEvent.BootstrapProgress("users", 1_000, 1_000, true));
            assertThat(early.tidings()).isEmpty();
        }
    }

    private static List<SourceEvent.BootstrapProgress> ofTable(Recorder recorder, String label) {
        return recorder.tidings().stream()
                .filter(SourceEvent.BootstrapProgress.class::isInstance)
                .map(SourceEvent.BootstrapProgress.class::cast)
                .filter(progress -> progress.label().equals(label))
                .toList();
    }
}
