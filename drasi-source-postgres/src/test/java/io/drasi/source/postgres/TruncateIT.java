// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TRUNCATE, which servers publish from 11 on. */
class TruncateIT {
    private static final String[] TABLES = {
        "CREATE TABLE users (id serial PRIMARY KEY)",
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users)",
        "CREATE TABLE items (id int PRIMARY KEY)",
        "INSERT INTO users VALUES (1), (2)",
        "INSERT INTO orders VALUES (7, 1)",
        "INSERT INTO items VALUES (9)"
    };

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void deliversTruncateInItsPlaceInTheTransaction(int version) {
        try (SourceFixture fixture = shop(version)) {
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "BEGIN; INSERT INTO items VALUES (1); TRUNCATE items; INSERT INTO items VALUES (2); COMMIT");
            SourceEvent.Transaction transaction = recorder.transaction();
            assertThat(Recorder.readable(transaction))
                    .containsExactly("insert items:1 {id=1}", "truncate [items]", "insert items:2 {id=2}");
            assertThat(Recorder.placed(transaction))
                    .extracting(change -> change.position().ordinal())
                    .containsExactly(0L, 1L, 2L);
            SourceChange.Truncate truncate =
                    (SourceChange.Truncate) Recorder.placed(transaction).get(1).change();
            SourceChange.Insert insert =
                    (SourceChange.Insert) Recorder.placed(transaction).get(2).change();
            assertThat(truncate.effectiveFrom())
                    .isEqualTo(insert.element().metadata().effectiveFrom());
            TableMirror.of(recorder.events()).assertEqualsTable(fixture.database(), "items", "items");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void tellsTheTablesAndOptionsOfTruncate(int version) {
        try (SourceFixture fixture = shop(version)) {
            Recorder recorder = fixture.bootstrap();
            recorder.snapshot();
            fixture.execute(
                    "TRUNCATE items, orders",
                    "TRUNCATE items RESTART IDENTITY",
                    "TRUNCATE users CASCADE",
                    "TRUNCATE items, users RESTART IDENTITY CASCADE");
            assertThat(recorder.allChanges())
                    .containsExactly(
                            "truncate [items, orders]",
                            "truncate [items] restart identity",
                            "truncate [users, orders] cascade",
                            "truncate [items, users, orders] cascade restart identity");
            TableMirror mirror = TableMirror.of(recorder.events());
            for (String table : new String[] {"users", "orders", "items"}) {
                assertThat(mirror.size(table)).isZero();
            }
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void tellsOnlyTheTablesThatAreWanted(int version) {
        try (SourceFixture fixture = shop(version)) {
            Recorder recorder = fixture.stream(fixture.builder().withTables("users", "items"));
            Recorder filtered = fixture.record(
                    recorder.source(), SubscriptionSettings.forQuery("items").withLabels("items"));
            fixture.execute(
                    "TRUNCATE orders",
                    "TRUNCATE orders, items",
                    "TRUNCATE users CASCADE",
                    "TRUNCATE users, items CASCADE");
            assertThat(recorder.allChanges())
                    .containsExactly("truncate [items]", "truncate [users] cascade", "truncate [users, items] cascade");
            assertThat(filtered.allChanges()).containsExactly("truncate [items]", "truncate [items] cascade");
        }
    }

    @ParameterizedTest(name = "on PostgreSQL {0}")
    @ValueSource(ints = {14, 18})
    void leavesTruncateOutWhenThePublicationDoes(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(TABLES);
            fixture.execute(
                    "CREATE PUBLICATION drasi_publication FOR TABLE items WITH (publish = 'insert, update, delete')");
            Recorder recorder = fixture.stream();
            fixture.execute("TRUNCATE items", "INSERT INTO items VALUES (1)");
            assertThat(recorder.allChanges()).containsExactly("insert items:1 {id=1}");
        }
    }

    @Test
    void isNotPublishedByPostgres10() {
        try (SourceFixture fixture = shop(10)) {
            Recorder recorder = fixture.stream();
            fixture.execute(
                    "BEGIN; INSERT INTO items VALUES (1); TRUNCATE items; INSERT INTO items VALUES (2); COMMIT");
            fixture.execute("TRUNCATE users CASCADE");
            assertThat(recorder.allChanges()).containsExactly("insert items:1 {id=1}", "insert items:2 {id=2}");
        }
    }

    private static SourceFixture shop(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute(TABLES);
        fixture.publishAllTables();
        return fixture;
    }
}
