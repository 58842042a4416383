// SPDX-License-Identifier: Apache-2.0
/** Connections to a PostgreSQL server and its logical replication stream. */
module io.drasi.postgres.client {
    requires transitive io.drasi.postgres.protocol;
    requires com.ongres.scram.client;
    requires java.naming;
    requires jdk.net;
    requires static transitive org.jspecify;

    exports io.drasi.postgres.client;
    exports io.drasi.postgres.client.error;
    exports io.drasi.postgres.client.query;
    exports io.drasi.postgres.client.replication;
    exports io.drasi.postgres.client.settings;
}
