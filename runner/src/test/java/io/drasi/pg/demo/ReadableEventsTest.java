// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.Events;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReadableEventsTest {
    private static final ElementValue ONE = new ElementValue.IntegerValue(1);
    private static final ElementValue TWO = new ElementValue.IntegerValue(2);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CountedOutput output = new CountedOutput(bytes);
    private boolean bootstrapped;

    private List<String> print(boolean coloured, SourceEvent... all) throws IOException {
        ReadableEvents events = new ReadableEvents(output, coloured, () -> bootstrapped = true);
        for (SourceEvent event : all) {
            events.print(event);
        }
        output.flush();
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void showsTheFirstRowsOfEachTableAndCountsTheRest() throws IOException {
        List<SourceChange.Insert> rows = List.of(
                Events.insert("t:1", "id", ONE), Events.insert("t:2"), Events.insert("t:3"), Events.insert("t:4"));
        List<String> lines = print(
                false,
                new SourceEvent.BootstrapStarted(Position.before(0x10), Instant.EPOCH, List.of("t")),
                new SourceEvent.BootstrapBatch("t", rows),
                new SourceEvent.BootstrapCompleted(Position.before(0x10), 4));
        assertThat(lines)
                .containsExactly(
                        "snapshot at 0/10  of 1 tables",
                        "  + t:1  id=1",
                        "  + t:2  ",
                        "  + t:3  ",
                        "    … and more of t",
                        "snapshot complete  4 rows: {t=4}");
        assertThat(bootstrapped).isTrue();
    }

    @Test
    void showsEachKindOfChange() throws IOException {
        ElementProperties before = Events.properties("a", ONE, "b", ONE, "c", ElementValue.NULL);
        List<String> lines = print(
                false,
                Events.transaction(
                        0x10,
                        Events.insert("t:1", "a", ONE),
                        new SourceChange.Update(
                                Events.element("t:1", "a", TWO, "b", ONE, "c", ONE), Optional.of(before)),
                        new SourceChange.Update(Events.element("t:1", "a", TWO), Optional.empty()),
                        new SourceChange.Delete(Events.metadata("t:1"), Optional.of(before)),
                        new SourceChange.Insert(Events.element("t:2", "a", TWO), Optional.of("t:1"), List.of()),
                        new SourceChange.Truncate(List.of("t", "s.u"), 0, false, false)));
        assertThat(lines.get(0)).startsWith("transaction 771  ").endsWith("  0/10");
        assertThat(lines.subList(1, lines.size()))
                .containsExactly(
                        "  + t:1  a=1",
                        "  ~ t:1  a: 1 → 2  c: NULL → 1",
                        "  ~ t:1  a=2",
                        "  - t:1",
                        "  » t:2  (key changed, was t:1)  a=2",
                        "  × truncate t, s.u");
    }

    @Test
    void usesColoursOnlyWhenTold() throws IOException {
        assertThat(print(true, Events.transaction(1, Events.insert("t:1"))).get(1))
                .contains("\u001b[32m+ t:1\u001b[0m");
        bytes.reset();
        assertThat(print(false, Events.transaction(1, Events.insert("t:1"))).get(1))
                .doesNotContain("\u001b");
    }

    @Test
    void shortensLongValuesAndHidesControlCharacters() {
        assertThat(ReadableValues.text(new ElementValue.StringValue("x".repeat(100))))
                .hasSize(48)
                .endsWith("…");
        assertThat(ReadableValues.text(new ElementValue.StringValue("a\u001b[31m\nb")))
                .isEqualTo("a·[31m·b");
    }
}
