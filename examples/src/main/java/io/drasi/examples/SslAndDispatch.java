// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.DispatchMode;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.nio.file.Path;

/** Specification, "With SSL and Custom Dispatch". */
final class SslAndDispatch {
    private SslAndDispatch() {}

    static PostgresReplicationSource startedSource() {
        PostgresReplicationSource source = PostgresReplicationSource.builder("pg-source")
                .withHost("db.example.com")
                .withDatabase("production")
                .withUser("drasi_user")
                .withPassword("secure_password")
                .withSslMode(SslMode.REQUIRE)
                .withDispatchMode(DispatchMode.CHANNEL)
                .withDispatchBufferCapacity(5000)
                .build();
        source.start();
        return source;
    }

    /** {@code REQUIRE} encrypts but trusts any server. This also checks who answers, and shows a certificate itself. */
    static PostgresReplicationSource withCertificates(Path directory) {
        return PostgresReplicationSource.builder("pg-source")
                .withHost("db.example.com")
                .withDatabase("production")
                .withUser("drasi_user")
                .withSslMode(SslMode.VERIFY_FULL)
                .withSslRootCert(directory.resolve("root.crt"))
                .withSslCert(directory.resolve("client.crt"))
                .withSslKey(directory.resolve("client.key"))
                .build();
    }
}
