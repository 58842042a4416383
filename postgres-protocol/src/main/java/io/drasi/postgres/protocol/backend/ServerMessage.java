// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import io.drasi.postgres.protocol.wire.ByteCursor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The fields of an error or notice (PostgreSQL documentation, "Error and Notice Message Fields").
 *
 * @param fields by the letter that identifies the field, in the order received; letters without an accessor here are kept
 *     too
 */
public record ServerMessage(Map<Character, String> fields) {
    private static final char SEVERITY_LOCALIZED = 'S';
    private static final char SEVERITY = 'V';
    private static final char SQL_STATE = 'C';
    private static final char MESSAGE = 'M';

    /** @throws IllegalArgumentException if severity, SQLSTATE or message is missing: the server always sends these */
    public ServerMessage {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
        for (char letter : List.of(SEVERITY_LOCALIZED, SQL_STATE, MESSAGE)) {
            if (!fields.containsKey(letter)) {
                throw new IllegalArgumentException("an error or notice must have the field " + letter);
            }
        }
    }

    static ServerMessage read(ByteCursor cursor) {
        Map<Character, String> fields = new LinkedHashMap<>();
        int letter = cursor.readUnsignedByte();
        while (letter != 0) {
            fields.put((char) letter, cursor.readDisplayText());
            letter = cursor.readUnsignedByte();
        }
        try {
            return new ServerMessage(fields);
        } catch (IllegalArgumentException e) {
            throw cursor.failure(String.valueOf(e.getMessage()), 0);
        }
    }

    /** {@code ERROR}, {@code FATAL}, {@code WARNING} …: not translated, unless the server is older than 9.6. */
    public String severity() {
        return field(SEVERITY).orElseGet(() -> required(SEVERITY_LOCALIZED));
    }

    /** Five letters or digits (PostgreSQL documentation, "Error Codes"). */
    public String sqlState() {
        return required(SQL_STATE);
    }

    /** In the server's language. */
    public String message() {
        return required(MESSAGE);
    }

    public Optional<String> detail() {
        return field('D');
    }

    public Optional<String> hint() {
        return field('H');
    }

    /** Place in the query's text, in characters from 1. */
    public Optional<String> position() {
        return field('P');
    }

    /** As {@link #position()}, in {@link #internalQuery()}. */
    public Optional<String> internalPosition() {
        return field('p');
    }

    /** Text of a command that the server made itself and that failed. */
    public Optional<String> internalQuery() {
        return field('q');
    }

    /** The stack of calls inside the server, a line for each. */
    public Optional<String> where() {
        return field('W');
    }

    public Optional<String> schema() {
        return field('s');
    }

    public Optional<String> table() {
        return field('t');
    }

    public Optional<String> column() {
        return field('c');
    }

    public Optional<String> dataType() {
        return field('d');
    }

    public Optional<String> constraint() {
        return field('n');
    }

    /** Source file of the server in which the error was raised. */
    public Optional<String> file() {
        return field('F');
    }

    /** Line in {@link #file()}. */
    public Optional<String> line() {
        return field('L');
    }

    /** Function in {@link #file()}. */
    public Optional<String> routine() {
        return field('R');
    }

    private Optional<String> field(char letter) {
        return Optional.ofNullable(fields.get(letter));
    }

    private String required(char letter) {
        return field(letter).orElseThrow();
    }
}
