// SPDX-License-Identifier: Apache-2.0
/** A Drasi source that reads from a PostgreSQL server. */
module io.drasi.source.postgres {
    requires transitive io.drasi.model;
    requires transitive io.drasi.postgres.client;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.drasi.source.postgres;
    exports io.drasi.source.postgres.config;
    exports io.drasi.source.postgres.error;
    exports io.drasi.source.postgres.health;
    exports io.drasi.source.postgres.store;
}
