// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.Element;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/** The state of each order by its element id, and the position in the stream up to which that is true. Kept in a file. */
final class OrderStates {
    private static final String POSITION = "position";
    private static final String STATUS = "status";
    private static final String UNKNOWN = "?";

    private final Path file;
    private final Map<String, String> stateById = new TreeMap<>();
    private Optional<Position> position = Optional.empty();
    private Optional<String> deleted = Optional.empty();

    private OrderStates(Path file) {
        this.file = file;
    }

    /** Reads {@code file}; without it there is no position and no order. */
    static OrderStates load(Path file) {
        OrderStates states = new OrderStates(file);
        if (!Files.exists(file)) {
            return states;
        }
        Properties content = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            content.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
        for (String key : content.stringPropertyNames()) {
            if (key.equals(POSITION)) {
                states.position = Optional.of(Position.parse(content.getProperty(key)));
            } else {
                states.stateById.put(key, content.getProperty(key));
            }
        }
        return states;
    }

    Optional<Position> position() {
        return position;
    }

    void clear() {
        stateById.clear();
        position = Optional.empty();
    }

    void apply(SourceChange change) {
        if (change instanceof SourceChange.Insert insert) {
            // An order with a new id: its old self was deleted just before, and what was not sent again is as it was
            // there.
            if (insert.unchanged().contains(STATUS)) {
                deleted.ifPresent(state -> stateById.put(idOf(insert.element()), state));
            }
            put(insert.element());
        } else if (change instanceof SourceChange.Update update) {
            put(update.element());
        } else if (change instanceof SourceChange.Delete delete) {
            deleted = Optional.ofNullable(
                    stateById.remove(delete.metadata().reference().elementId()));
        } else if (change instanceof SourceChange.Truncate) {
            stateById.clear();
        }
    }

    /** How many orders are in which state. */
    Map<String, Integer> counts() {
        Map<String, Integer> counts = new TreeMap<>();
        stateById.values().forEach(state -> counts.merge(state, 1, Integer::sum));
        return counts;
    }

    /** Writes everything, with {@code reached}, in one step: a reader of the file finds the old or the new content. */
    void save(Position reached) {
        Properties content = new Properties();
        content.putAll(stateById);
        content.setProperty(POSITION, reached.toString());
        Path written = file.resolveSibling(file.getFileName() + ".new");
        try {
            try (Writer writer = Files.newBufferedWriter(written)) {
                content.store(writer, null);
            }
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        position = Optional.of(reached);
    }

    private void put(Element order) {
        // Absent means "as before".
        order.properties()
                .get(STATUS)
                .ifPresent(status ->
                        stateById.put(idOf(order), status instanceof StringValue text ? text.value() : UNKNOWN));
    }

    private static String idOf(Element order) {
        return order.metadata().reference().elementId();
    }
}
