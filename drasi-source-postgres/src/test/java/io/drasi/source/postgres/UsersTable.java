// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.util.List;
import java.util.stream.IntStream;

/** A published table that has nothing but a key, for tests in which only the order of the transactions counts. */
final class UsersTable {
    private UsersTable() {}

    static SourceFixture on(int version) {
        SourceFixture fixture = SourceFixture.on(version);
        fixture.execute("CREATE TABLE users (id int PRIMARY KEY)");
        fixture.publishAllTables();
        return fixture;
    }

    /** Inserts the rows, each in a transaction of its own. */
    static void insert(SourceFixture fixture, int first, int last) {
        fixture.execute(IntStream.rangeClosed(first, last)
                .mapToObj(id -> "INSERT INTO users VALUES (" + id + ")")
                .toArray(String[]::new));
    }

    /** The changes that those inserts make, as {@link ReadableChange} writes them. */
    static List<String> inserts(int first, int last) {
        return IntStream.rangeClosed(first, last)
                .mapToObj(id -> "insert users:" + id + " {id=" + id + "}")
                .toList();
    }
}
