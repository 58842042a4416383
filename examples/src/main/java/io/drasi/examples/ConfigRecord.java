// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.List;

/** Specification, "Config Struct Approach": the options as a value that can be kept, compared and passed on. */
final class ConfigRecord {
    private ConfigRecord() {}

    static PostgresReplicationSource source() {
        PostgresSourceConfig config = PostgresSourceConfig.builder("postgres-source-1")
                .withHost("db.example.com")
                .withPort(5432)
                .withDatabase("production_db")
                .withUser("drasi_user")
                .withPassword("secure_password")
                .withTables(List.of("users", "orders"))
                .withSlotName("drasi_production_slot")
                .withPublicationName("drasi_publication")
                .withSslMode(SslMode.REQUIRE)
                .withTableKeys(List.of(new TableKeyConfig("users", List.of("user_id"))))
                .build();
        return new PostgresReplicationSource(config);
    }
}
