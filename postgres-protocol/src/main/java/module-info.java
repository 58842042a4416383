// SPDX-License-Identifier: Apache-2.0
/** The PostgreSQL wire protocol as bytes and messages, without I/O. */
module io.drasi.postgres.protocol {
    requires static transitive org.jspecify;

    exports io.drasi.postgres.protocol.backend;
    exports io.drasi.postgres.protocol.frame;
    exports io.drasi.postgres.protocol.frontend;
    exports io.drasi.postgres.protocol.pgoutput;
    exports io.drasi.postgres.protocol.replication;
    exports io.drasi.postgres.protocol.wire;
}
