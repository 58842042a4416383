// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.testkit.Await;
import io.drasi.testkit.PostgresVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** In which format rows are asked for, and that nothing is lost or given twice when it changes. */
class RowFormatIT {
    private static final int FIRST_WITH_BINARY = 14;
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();

    static List<Integer> versionsWithBinary() {
        return PostgresVersion.available().stream()
                .map(PostgresVersion::major)
                .filter(major -> major >= FIRST_WITH_BINARY)
                .toList();
    }

    @EachVersion
    void choosesBinaryWhereTheServerAndAllTypesHaveIt(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY, name text)");
            fixture.publishAllTables();
            fixture.stream();
            assertThat(streamsBinary(fixture)).isEqualTo(version >= FIRST_WITH_BINARY);
        }
    }

    @EachVersion
    void readsTextIfItIsToldTo(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY, name text)");
            fixture.publishAllTables();
            fixture.stream(fixture.builder().withRowFormat(RowFormat.TEXT));
            assertThat(streamsBinary(fixture)).isFalse();
        }
    }

    /** Also where the type is in a table that the source leaves out: the server sends that too. */
    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void choosesTextForATypeThatSaysLessInBinary(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE TABLE \"Prices\" (id int PRIMARY KEY, price money[], owner aclitem)");
            fixture.publishAllTables();
            fixture.stream(fixture.builder().withTables("t"));
            assertThat(streamsBinary(fixture)).isFalse();
            assertThat(failure(fixture, demanding(fixture).withTables("t").withSlotName(fixture.slotName() + "_2")))
                    .contains("public.\"Prices\".price (money[]), public.\"Prices\".owner (aclitem)");
        }
    }

    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void choosesTextForADatabaseInAnotherEncoding(int version) {
        try (SourceFixture fixture = SourceFixture.inEncoding(version, "LATIN1")) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY, name text)");
            fixture.publishAllTables();
            fixture.stream();
            assertThat(streamsBinary(fixture)).isFalse();
            assertThat(failure(fixture, demanding(fixture))).contains("row_format is binary", "encoding LATIN1");
        }
    }

    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void choosesTextIfTextThatIsNotUnicodeIsWantedAsBytes(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            fixture.stream(fixture.builder().withInvalidText(InvalidText.BYTES));
            assertThat(streamsBinary(fixture)).isFalse();
        }
    }

    @Test
    void refusesBinaryWhereTheServerIsTooOld() {
        try (SourceFixture fixture = SourceFixture.on(10)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            assertThat(failure(fixture, demanding(fixture)))
                    .contains("row_format is binary", "from version 14 on", "the server is 10.", "auto or text");
        }
    }

    /** The list of such types in {@code type-values.txt} is right, and each is named with its column. */
    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void refusesBinaryForEachTypeThatSaysLessInIt(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE EXTENSION isn; CREATE EXTENSION seg; CREATE EXTENSION intarray");
            List<TypeValues.Column> onlyText = TypeValues.columns(version).stream()
                    .filter(TypeValues.Column::onlyText)
                    .toList();
            assertThat(onlyText).hasSizeGreaterThan(20);
            for (TypeValues.Column column : onlyText) {
                fixture.execute(
                        "DROP PUBLICATION IF EXISTS p",
                        "CREATE TABLE t (id int PRIMARY KEY, v " + column.type() + ")",
                        "CREATE PUBLICATION p FOR TABLE t");
                assertThat(failure(fixture, demanding(fixture).withPublicationName("p")))
                        .containsPattern("public\\.t\\.v \\((public\\.)?" + column.type() + "\\)");
                fixture.execute("DROP TABLE t");
            }
        }
    }

    /** A subscriber that has confirmed nothing is given each change once, and the alteration once and in its place. */
    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void goesOnInTextWhenAColumnComesThatSaysLessInBinary(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            Recorder recorder = fixture.record(source, SubscriptionSettings.forQuery("q"), false);
            source.start();
            fixture.awaitStreaming(source);
            fixture.execute("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)");
            recorder.catchUp();
            assertThat(streamsBinary(fixture)).isTrue();
            fixture.execute(
                    "BEGIN; INSERT INTO t VALUES (3); ALTER TABLE t ADD price money; INSERT INTO t VALUES (4, 0.5);"
                            + " COMMIT",
                    "INSERT INTO t VALUES (5, 1234.5)");
            recorder.catchUp();
            assertThat(seen(recorder))
                    .containsExactly(
                            "insert t:1 {id=1}",
                            "insert t:2 {id=2}",
                            "[column \"price\" was added]",
                            "insert t:3 {id=3}",
                            "insert t:4 {id=4, price=\"$0.50\"}",
                            "insert t:5 {id=5, price=\"$1,234.50\"}");
            assertThat(streamsBinary(fixture)).isFalse();
            fixture.execute("ALTER TABLE t DROP price", "INSERT INTO t VALUES (6)");
            recorder.catchUp();
            assertThat(seen(recorder)).endsWith("[column \"price\" was dropped]", "insert t:6 {id=6}");
        }
    }

    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void goesOnInTextWhenACompositeIsAltered(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute(
                    "CREATE TYPE pair AS (a int, b text)",
                    "CREATE TABLE t (id int PRIMARY KEY, p pair, ps pair[])",
                    "INSERT INTO t VALUES (1, ROW(1, 'x'), ARRAY[ROW(1, 'x')::pair])");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap();
            assertThat(recorder.snapshot().readable())
                    .containsExactly("insert t:1 {id=1, p={a=1, b=\"x\"}, ps=[{a=1, b=\"x\"}]}");
            fixture.awaitStreaming(recorder.source());
            assertThat(streamsBinary(fixture)).isTrue();
            fixture.execute("INSERT INTO t VALUES (2, ROW(2, 'y'))");
            recorder.catchUp();
            fixture.execute(
                    "ALTER TYPE pair ADD ATTRIBUTE c bool",
                    "INSERT INTO t VALUES (3, ROW(3, 'z', true))",
                    "ALTER TYPE pair DROP ATTRIBUTE a",
                    "INSERT INTO t VALUES (4, ROW('w', false))");
            recorder.catchUp();
            assertThat(seen(recorder).subList(0, 1)).containsExactly("insert t:2 {id=2, p={a=2, b=\"y\"}, ps=null}");
            assertThat(seen(recorder)).hasSize(3).last().isEqualTo("insert t:4 {id=4, p={b=\"w\", c=false}, ps=null}");
            assertThat(streamsBinary(fixture)).isFalse();
        }
    }

    /** The server ends a stream in which it has to send what has no binary form. */
    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void goesOnInTextWhenTheServerCanNotSendATableThatIsLeftOut(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream(fixture.builder().withTables("t"));
            assertThat(streamsBinary(fixture)).isTrue();
            fixture.execute(
                    "CREATE TABLE other (id int PRIMARY KEY, rights aclitem[])",
                    "INSERT INTO t VALUES (1)",
                    "INSERT INTO other VALUES (1, '{=r/" + fixture.server().superuser() + "}')",
                    "INSERT INTO t VALUES (2)");
            assertThat(recorder.allChanges()).containsExactly("insert t:1 {id=1}", "insert t:2 {id=2}");
            assertThat(streamsBinary(fixture)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void stopsWhenAColumnComesThatSaysLessInTheFormatThatIsDemanded(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream(demanding(fixture));
            fixture.execute("ALTER TABLE t ADD price money", "INSERT INTO t VALUES (1, 2)");
            String failure = awaitFailure(recorder.source());
            assertThat(failure)
                    .contains("row_format is binary", "column price of table t has type money", "auto or text");
            assertThat(recorder.source().status().cause()).containsInstanceOf(SetupException.class);
        }
    }

    /** Keys, types and bounds that only the text tells: an id is made of that, in both formats. */
    @ParameterizedTest
    @MethodSource("versionsWithBinary")
    void givesRowsTheIdsThatTheyHaveInText(int version) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            List<String> script = new ArrayList<>(TypeReading.SESSION);
            script.addAll(TypeValues.script(version));
            fixture.execute(script.toArray(new String[0]));
            List<String> tables = TypeValues.binaryTables().stream()
                    .flatMap(table -> TypeValues.withArraysAndRows(table).stream())
                    .toList();
            fixture.execute("CREATE PUBLICATION p FOR TABLE " + String.join(", ", tables));
            List<String> text = ids(fixture, RowFormat.TEXT, tables);
            List<String> binary = ids(fixture, RowFormat.BINARY, tables);
            assertThat(text).hasSizeGreaterThan(100);
            IntStream.range(0, text.size())
                    .forEach(i -> assertThat(binary.get(i)).isEqualTo(text.get(i)));
            assertThat(binary).hasSameSizeAs(text);
        }
    }

    /** All columns are the key, so that the id is made of the text of each. */
    private static List<String> ids(SourceFixture fixture, RowFormat format, List<String> tables) {
        PostgresReplicationSource.Builder builder = fixture.builder()
                .withPublicationName("p")
                .withSlotName(fixture.slotName() + "_" + format.name().toLowerCase(java.util.Locale.ROOT))
                .withRowFormat(format);
        for (String table : tables) {
            builder.addTableKey(
                    table,
                    fixture.database()
                            .queryOne("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute"
                                    + " WHERE attrelid = '" + table + "'::regclass AND attnum > 0")
                            .split(","));
        }
        return fixture.bootstrap(builder).snapshot().rows().stream()
                .map(row -> row.element().metadata().reference().elementId())
                .sorted()
                .toList();
    }

    private static PostgresReplicationSource.Builder demanding(SourceFixture fixture) {
        return fixture.builder().withRowFormat(RowFormat.BINARY);
    }

    /** What a source fails with that wants a snapshot first. */
    static String failure(SourceFixture fixture, PostgresReplicationSource.Builder builder) {
        PostgresReplicationSource source = fixture.source(builder);
        fixture.record(source, BOOTSTRAP);
        source.start();
        return awaitFailure(source);
    }

    private static String awaitFailure(PostgresReplicationSource source) {
        Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
        return source.status().message().orElseThrow();
    }

    /** What the server was asked for. */
    static boolean streamsBinary(SourceFixture fixture) {
        return Await.untilPresent(
                        "the source streams",
                        () -> fixture
                                .server()
                                .query("SELECT query FROM pg_stat_activity a JOIN pg_replication_slots s"
                                        + " ON s.active_pid = a.pid WHERE s.slot_name = '" + fixture.slotName()
                                        + "' AND query LIKE 'START_REPLICATION%'")
                                .stream()
                                .findFirst()
                                .map(row -> row.get(0)))
                .contains("binary");
    }

    /** Changes, and alterations in brackets, in their order. */
    private static List<String> seen(Recorder recorder) {
        List<String> seen = new ArrayList<>();
        for (SourceEvent event : recorder.events()) {
            if (event instanceof SourceEvent.Transaction transaction) {
                seen.addAll(Recorder.readable(transaction));
            } else if (event instanceof SourceEvent.SchemaChanged changed) {
                seen.add(changed.changes().toString());
            }
        }
        return seen;
    }
}
