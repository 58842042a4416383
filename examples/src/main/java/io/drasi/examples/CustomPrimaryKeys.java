// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.source.postgres.PostgresReplicationSource;

/**
 * Specification, "With Custom Primary Keys". The columns must be part of the table's replica identity, or a DELETE could
 * not be given an element id; a source that starts without says which {@code ALTER TABLE … REPLICA IDENTITY} to run.
 */
final class CustomPrimaryKeys {
    private CustomPrimaryKeys() {}

    static PostgresReplicationSource startedSource() {
        PostgresReplicationSource source = PostgresReplicationSource.builder("pg-source")
                .withHost("localhost")
                .withDatabase("myapp")
                .withUser("postgres")
                .addTableKey("events", "event_id", "timestamp")
                .build();
        source.start();
        return source;
    }
}
