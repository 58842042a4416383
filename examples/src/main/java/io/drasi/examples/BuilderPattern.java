// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.List;

/** Specification, "Builder Pattern (Recommended)". */
final class BuilderPattern {
    private BuilderPattern() {}

    static PostgresReplicationSource source() {
        return PostgresReplicationSource.builder("postgres-source-1")
                .withHost("db.example.com")
                .withPort(5432)
                .withDatabase("production_db")
                .withUser("drasi_user")
                .withPassword("secure_password")
                .withTables("users", "orders")
                .withSlotName("drasi_production_slot")
                .withPublicationName("drasi_publication")
                .withSslMode(SslMode.REQUIRE)
                .addTableKey(new TableKeyConfig("users", List.of("user_id")))
                .withDispatchMode(DispatchMode.CHANNEL)
                .withDispatchBufferCapacity(2000)
                .withAutoStart(true)
                .build();
    }
}
