// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.PostgresReplicationSource;

/** Specification, "Troubleshooting": what to change in the configuration. */
final class Troubleshooting {
    private Troubleshooting() {}

    /** "No primary key found for table". */
    static PostgresReplicationSource withoutPrimaryKey(PostgresReplicationSource.Builder builder) {
        return builder.addTableKey("your_table", "id").build();
    }

    /** "Connection/SSL errors": without TLS. */
    static PostgresReplicationSource withoutTls(PostgresReplicationSource.Builder builder) {
        return builder.withSslMode(SslMode.DISABLE).build();
    }

    /** "Connection/SSL errors": TLS if the server has it. */
    static PostgresReplicationSource withTlsIfPossible(PostgresReplicationSource.Builder builder) {
        return builder.withSslMode(SslMode.PREFER).build();
    }
}
