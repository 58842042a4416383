// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ComponentStatus;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.testkit.Await;

/** Databases in other encodings than UTF-8. */
class EncodingsIT {
    @EachVersion
    void readsTextOfEveryEncodingThatTheServerConverts(int version) {
        for (String encoding : new String[] {"LATIN1", "EUC_JP", "WIN1251"}) {
            try (SourceFixture fixture = SourceFixture.inEncoding(version, encoding)) {
                String text = switch (encoding) {
                    case "LATIN1" -> "größer £";
                    case "EUC_JP" -> "日本語テキスト";
                    default -> "Привет";
                };
                fixture.execute(
                        "CREATE TABLE \"" + text + "\" (id int PRIMARY KEY, \"" + text + "\" text, a text[])",
                        "INSERT INTO \"" + text + "\" VALUES (1, '" + text + "', ARRAY['" + text + "', NULL])");
                fixture.publishAllTables();
                Recorder recorder = fixture.bootstrap();
                String row = text + ":1 {id=1, " + text + "=\"" + text + "\", a=[\"" + text + "\", null]}";
                assertThat(recorder.snapshot().readable()).containsExactly("insert " + row);
                fixture.execute("UPDATE \"" + text + "\" SET id = id");
                assertThat(recorder.changes()).containsExactly("update " + row);
            }
        }
    }

    @EachVersion
    void readsTextOfADatabaseWithoutEncodingIfItIsUtf8(int version) {
        try (SourceFixture fixture = SourceFixture.inEncoding(version, "SQL_ASCII")) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, s text)",
                    "INSERT INTO t VALUES (1, convert_from('\\xc3bc', 'SQL_ASCII'))");
            fixture.publishAllTables();
            assertThat(fixture.bootstrap().snapshot().readable()).containsExactly("insert t:1 {id=1, s=\"ü\"}");
        }
    }

    @EachVersion
    void namesTableColumnAndRowOfATextThatIsNotUtf8(int version) {
        try (SourceFixture fixture = SourceFixture.inEncoding(version, "SQL_ASCII")) {
            fixture.execute("CREATE TABLE t (id int, part text, s text, PRIMARY KEY (id, part))");
            fixture.publishAllTables();
            Recorder recorder = fixture.stream();
            fixture.execute("INSERT INTO t VALUES (7, 'x', convert_from('\\x6772fc6e', 'SQL_ASCII'))");
            PostgresReplicationSource source = recorder.source();
            Await.until("the source fails", () -> source.status().status() == ComponentStatus.ERROR);
            assertThat(source.status().cause().orElseThrow())
                    .isInstanceOf(DecodingException.class)
                    .hasMessageContaining("a message of the stream at ")
                    .hasMessageContaining(
                            "column s of table t, row with id = '7', part = 'x': not a value of type text:"
                                    + " 'gr\\xfcn', in hexadecimal 6772fc6e");
        }
    }

    @EachVersion
    void givesTheBytesOfATextThatIsNotUtf8IfItIsToldTo(int version) {
        try (SourceFixture fixture = SourceFixture.inEncoding(version, "SQL_ASCII")) {
            fixture.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, s text, a text[], n int)",
                    "INSERT INTO t VALUES (1, convert_from('\\x6772fc6e', 'SQL_ASCII'),"
                            + " ARRAY['a', convert_from('\\xfc', 'SQL_ASCII')], 5)");
            fixture.publishAllTables();
            Recorder recorder = fixture.bootstrap(fixture.builder().withInvalidText(InvalidText.BYTES));
            String row = "t:1 {id=1, s=BytesValue[6772fc6e], a=BytesValue[7b612cfc7d], n=5}";
            assertThat(recorder.snapshot().readable()).containsExactly("insert " + row);
            fixture.execute("UPDATE t SET id = id");
            assertThat(recorder.changes()).containsExactly("update " + row);
        }
    }
}
