// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.testkit.Database;
import io.drasi.testkit.PostgresServer;
import io.drasi.testkit.PostgresVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each example of docs/types.md, asked of a server. */
class TypesDocumentIT {
    private static final String DATABASE = "types";
    private static final Pattern SQL_BLOCK = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);
    private static final Pattern EXAMPLE = Pattern.compile("\\| (.*?) ?\\| `(.+)` \\| [A-Z][\\w, ]+ \\| .* \\|");

    /** A row of a table in the document; {@code |} in a cell is written with a backslash before it. */
    private record Example(String type, String sql) {
        String line(ElementValue value) {
            return "| " + (type.isEmpty() ? "" : type + " ") + "| `" + sql + "` | " + kind(value) + " | `"
                    + JsonLinesTest.value(value).replace("|", "\\|") + "` |";
        }
    }

    @Test
    void saysWhatASourceMakesOfEachExample() throws IOException {
        String document = Files.readString(document());
        List<Example> examples = new ArrayList<>();
        List<String> written = new ArrayList<>();
        document.lines().forEach(line -> {
            Matcher example = EXAMPLE.matcher(line);
            if (example.matches()) {
                examples.add(new Example(example.group(1), example.group(2)));
                written.add(line);
            }
        });
        // A line that is not understood would not be checked.
        assertThat(document.lines().filter(line -> line.startsWith("| ") && line.contains("`")))
                .containsExactlyElementsOf(written);
        assertThat(examples).hasSizeGreaterThan(100);
        ElementProperties row = read(setUp(document), examples);
        List<String> correct = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            correct.add(examples.get(i).line(row.get("c" + i).orElseThrow()));
        }
        assertThat(String.join("\n", written)).isEqualTo(String.join("\n", correct));
    }

    private static Path document() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("docs/types.md"))) {
            directory = directory.getParent();
        }
        return directory.resolve("docs/types.md");
    }

    private static String setUp(String document) {
        Matcher block = SQL_BLOCK.matcher(document);
        assertThat(block.find()).isTrue();
        return block.group(1);
    }

    /** All examples as the columns of one row, as the snapshot has it. */
    private static ElementProperties read(String setUp, List<Example> examples) {
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).start()) {
            Database database = server.createDatabase(DATABASE).database(DATABASE);
            List<String> columns = new ArrayList<>();
            for (Example example : examples) {
                columns.add("(" + example.sql().replace("\\|", "|") + ") AS c" + columns.size());
            }
            database.execute(
                    setUp,
                    columns.stream().collect(Collectors.joining(", ", "CREATE TABLE t AS SELECT 1 AS id, ", "")),
                    "ALTER TABLE t ADD PRIMARY KEY (id)",
                    "CREATE PUBLICATION drasi_publication FOR TABLE t");
            PostgresReplicationSource source = PostgresReplicationSource.builder("types")
                    .withHost(server.host())
                    .withPort(server.port())
                    .withDatabase(DATABASE)
                    .withUser(server.superuser())
                    .build();
            try (source;
                    Subscription subscription =
                            source.subscribe(SubscriptionSettings.forQuery("q").withBootstrap())) {
                source.start();
                for (SourceEvent event : subscription) {
                    if (event instanceof SourceEvent.BootstrapBatch batch) {
                        return batch.rows().get(0).element().properties();
                    }
                }
                throw new AssertionError("no row");
            }
        }
    }

    private static String kind(ElementValue value) {
        if (value instanceof ElementValue.ListValue list) {
            String elements = kinds(list).collect(Collectors.joining(", "));
            return elements.isEmpty() ? "List" : "List of " + elements;
        }
        return value.getClass().getSimpleName().replace("Value", "");
    }

    private static Stream<String> kinds(ElementValue.ListValue list) {
        return list.values().stream()
                .filter(element -> !(element instanceof ElementValue.NullValue))
                .flatMap(element ->
                        element instanceof ElementValue.ListValue inner ? kinds(inner) : Stream.of(kind(element)))
                .distinct();
    }
}
