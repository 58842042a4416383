// SPDX-License-Identifier: Apache-2.0
/** The metrics of a Drasi source for PostgreSQL in a Micrometer registry. */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // Micrometer gives its module a name in the manifest only
module io.drasi.source.postgres.micrometer {
    requires transitive io.drasi.source.postgres;
    requires transitive micrometer.core;
    requires static transitive org.jspecify;

    exports io.drasi.source.postgres.micrometer;
}
