// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.PostgresSourceConfig;

/**
 * Specification, "Using Direct Constructor". What is not given has its default: port 5432, all tables of the publication
 * {@code drasi_publication}, the slot {@code drasi_slot}, ssl_mode prefer, no configured keys.
 */
final class DirectConstructor {
    private DirectConstructor() {}

    static PostgresReplicationSource startedSource() {
        PostgresSourceConfig config = PostgresSourceConfig.builder("pg-source")
                .withHost("localhost")
                .withDatabase("myapp")
                .withUser("postgres")
                .withPassword("password")
                .build();
        PostgresReplicationSource source = new PostgresReplicationSource(config);
        source.start();
        return source;
    }
}
