// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SubscriptionSettings;
import java.util.List;

/** Types that users and extensions bring. */
class UserTypesIT {
    @EachVersion
    void readsEnumsDomainsAndCompositesInSnapshotAndStream(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE mood AS ENUM ('happy', 'so so', 'a,b \"c\"')",
                    "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
                    "CREATE DOMAIN moods AS mood[]",
                    "CREATE TYPE point3 AS (x float8, y numeric, gone int, z positive)",
                    "ALTER TYPE point3 DROP ATTRIBUTE gone",
                    "CREATE TYPE place AS (name text, at point3, tags text[], since timestamptz, data bytea, m moods)",
                    // Arrays of domains came with 11.
                    "CREATE TABLE t (id int PRIMARY KEY, m mood, ms mood[], d moods, p place, ps place[], ds "
                            + (version >= 11 ? "positive[])" : "int[])"),
                    "INSERT INTO t VALUES (1, 'so so', '{happy,\"so so\",NULL,\"a,b \\\"c\\\"\"}', '{happy}',"
                            + " ROW('He said \"a\\b\", (x)', ROW(0.1, 1.10, 3), ARRAY['a b', NULL, ''],"
                            + " '2024-02-29 01:02:03+01', '\\x00ff', ARRAY['so so'::mood]),"
                            + " ARRAY[ROW(NULL, NULL, NULL, NULL, NULL, NULL)::place, NULL,"
                            + " ROW('', ROW(NULL, NULL, 1), '{}', 'infinity', '', '{}')::place], '{1,2}')",
                    "INSERT INTO t (id) VALUES (2)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            String one = "t:1 {id=1, m=\"so so\", ms=[\"happy\", \"so so\", null, \"a,b \"c\"\"], d=[\"happy\"],"
                    + " p={name=\"He said \"a\\b\", (x)\", at={x=float 0.1, y=decimal 1.10, z=3},"
                    + " tags=[\"a b\", null, \"\"], since=timestamptz 2024-02-29T00:02:03Z, data=BytesValue[00ff],"
                    + " m=[\"so so\"]}, ps=[{name=null, at=null, tags=null, since=null, data=null, m=null}, null,"
                    + " {name=\"\", at={x=null, y=null, z=1}, tags=[], since=\"infinity\", data=BytesValue[], m=[]}],"
                    + " ds=[1, 2]}";
            String two = "t:2 {id=2, m=null, ms=null, d=null, p=null, ps=null, ds=null}";
            assertThat(recorder.snapshot().readable()).containsExactly("insert " + one, "insert " + two);
            fixture.execute("UPDATE t SET id = id");
            assertThat(recorder.changes()).containsExactly("update " + one, "update " + two);
        }
    }

    @EachVersion
    void readsTheTypesOfExtensions(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube;"
                            + " CREATE EXTENSION isn; CREATE EXTENSION seg; CREATE EXTENSION intarray",
                    "CREATE TYPE floatrange AS RANGE (subtype = float8)",
                    "CREATE TABLE t (id int PRIMARY KEY, h hstore, hs hstore[], c citext, l ltree, u cube, i isbn, s seg,"
                            + " q query_int, r floatrange)",
                    "INSERT INTO t VALUES (1, 'a=>1, \"b \\\"q\\\"\"=>NULL, c=>\"\"', ARRAY['x=>y'::hstore, ''], 'MiXed', 'a.b',"
                            + " '(0.1,2),(3,4.5)', '0-393-04002-X', '1.10 .. 2', '1&(2|!3)', '[0.1,0.7)')");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            String row = "t:1 {id=1, h={a=\"1\", c=\"\", b \"q\"=null}, hs=[{x=\"y\"}, {}], c=\"MiXed\", l=\"a.b\","
                    + " u=\"(0.1, 2),(3, 4.5)\", i=\"0-393-04002-X\", s=\"1.10 .. 2\", q=\"1 & ( 2 | !3 )\","
                    + " r=\"[0.1,0.7)\"}";
            assertThat(recorder.snapshot().readable()).containsExactly("insert " + row);
            fixture.execute("UPDATE t SET id = id");
            assertThat(recorder.changes()).containsExactly("update " + row);
        }
    }

    /** Rows of both shapes come right, or as PostgreSQL prints them. */
    @EachVersion
    void followsACompositeThatIsAlteredWhileItsRowsAreStreamed(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE pair AS (a int, b text)",
                    "CREATE TABLE t (id int PRIMARY KEY, p pair)",
                    "INSERT INTO t VALUES (1, ROW(1, 'x'))");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable()).containsExactly("insert t:1 {id=1, p={a=1, b=\"x\"}}");
            fixture.execute("INSERT INTO t VALUES (2, ROW(2, 'y'))");
            assertThat(recorder.changes()).containsExactly("insert t:2 {id=2, p={a=2, b=\"y\"}}");
            fixture.execute("ALTER TYPE pair ADD ATTRIBUTE c int", "INSERT INTO t VALUES (3, ROW(3, 'z', 4))");
            assertThat(recorder.changes())
                    .isSubsetOf("insert t:3 {id=3, p=\"(3,z,4)\"}", "insert t:3 {id=3, p={a=3, b=\"z\", c=4}}");
            fixture.execute("INSERT INTO t VALUES (4, ROW(4, 'z', 5))");
            assertThat(recorder.changes()).containsExactly("insert t:4 {id=4, p={a=4, b=\"z\", c=5}}");
            fixture.execute("ALTER TYPE pair DROP ATTRIBUTE b", "INSERT INTO t VALUES (5, ROW(5, 6))");
            recorder.changes();
            fixture.execute("INSERT INTO t VALUES (6, ROW(6, 7))", "UPDATE t SET id = -id WHERE id IN (1, 6)");
            assertThat(recorder.changes()).containsExactly("insert t:6 {id=6, p={a=6, c=7}}");
            assertThat(recorder.changes()).contains("insert t:-1 {id=-1, p={a=1, c=null}} previously t:1");
        }
    }

    /** The server prints rows by the catalog of their time, while we know only today's. */
    @EachVersion
    void neverReadsRowsFromBeforeAnAlterationWrongly(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE pair AS (a int, b text)",
                    "CREATE TYPE mood AS ENUM ('old')",
                    "CREATE TABLE t (id int PRIMARY KEY, p pair, m mood)",
                    "CREATE TABLE other (id int PRIMARY KEY, p pair)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("q"));
            source.start();
            fixture.awaitStreaming(source);
            source.stop();
            fixture.execute(
                    "INSERT INTO t VALUES (1, ROW(1, 'x'), 'old')",
                    "INSERT INTO other VALUES (1, ROW(1, 'x'))",
                    "ALTER TYPE pair ADD ATTRIBUTE c int",
                    "ALTER TYPE mood RENAME VALUE 'old' TO 'new'",
                    "INSERT INTO t VALUES (2, ROW(2, 'y', 3), 'new')",
                    "DROP TABLE other",
                    "ALTER TABLE t DROP COLUMN p",
                    "DROP TYPE pair",
                    "INSERT INTO t VALUES (3, 'new')");
            Recorder late = fixture.record(source, SubscriptionSettings.forQuery("late"));
            source.start();
            List<String> changes = late.catchUp().stream()
                    .filter(io.drasi.model.SourceEvent.Transaction.class::isInstance)
                    .flatMap(event -> Recorder.readable((io.drasi.model.SourceEvent.Transaction) event).stream())
                    .toList();
            assertThat(changes)
                    .containsExactly(
                            "insert t:1 {id=1, p=\"(1,x)\", m=\"old\"}",
                            "insert other:1 {id=1, p=\"(1,x)\"}",
                            "insert t:2 {id=2, p=\"(2,y,3)\", m=\"new\"}",
                            "insert t:3 {id=3, m=\"new\"}");
            recorder.close();
        }
    }

    @EachVersion
    void readsRowsFromBeforeAnAttributeMadeRoomForOneOfAnotherType(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE pair AS (a int, b text)", "CREATE TABLE t (id int PRIMARY KEY, p pair, ps pair[])");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            fixture.record(source, SubscriptionSettings.forQuery("q"));
            source.start();
            fixture.awaitStreaming(source);
            source.stop();
            fixture.execute(
                    "INSERT INTO t VALUES (1, ROW(1, 'x'), ARRAY[ROW(1, 'y')::pair])",
                    "ALTER TYPE pair DROP ATTRIBUTE b",
                    "ALTER TYPE pair ADD ATTRIBUTE c int",
                    "INSERT INTO t VALUES (2, ROW(1, 2), '{}')");
            Recorder late = fixture.record(source, SubscriptionSettings.forQuery("late"));
            source.start();
            assertThat(late.allChanges())
                    .containsExactly(
                            "insert t:1 {id=1, p=\"(1,x)\", ps=[\"(1,y)\"]}", "insert t:2 {id=2, p={a=1, c=2}, ps=[]}");
        }
    }
}
