// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TlsFilesIT {
    static List<PostgresVersion> versions() {
        return PostgresVersion.available();
    }

    @ParameterizedTest
    @MethodSource("versions")
    void letsAServerProveItsNameAndAsksForAClientCertificate(PostgresVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.builder(version)
                .tls()
                .hba("hostssl all postgres 127.0.0.1/32 cert")
                .start()) {
            TlsFiles files = server.tlsFiles();
            try (Connection connection = connect(server, "verify-full", files, clientKey(files))) {
                assertThat(connection.isValid(5)).isTrue();
            }
            assertThatThrownBy(() -> connect(server, "verify-full", files, Path.of("/nowhere")))
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void makesFilesOfOtherAlgorithmsAndNames() throws Exception {
        TlsFiles files = TlsFiles.builder()
                .algorithms("RSA", "SHA384withRSA")
                .serverName("db.example, Inc.")
                .alternativeNames()
                .create();
        assertThat(files.serverX509().getSigAlgName()).isEqualTo("SHA384withRSA");
        assertThat(files.serverX509().getSubjectAlternativeNames()).isNull();
        assertThat(Files.readString(files.clientKey())).startsWith("-----BEGIN PRIVATE KEY-----");
        assertThat(Files.readString(files.clientKeyTraditional())).startsWith("-----BEGIN RSA PRIVATE KEY-----");
        assertThat(Files.readString(TlsFiles.shared().clientKeyTraditional()))
                .startsWith("-----BEGIN EC PRIVATE KEY-----");
        try (PostgresServer server =
                PostgresServer.builder(PostgresVersion.newest()).tls(files).start()) {
            connect(server, "verify-ca", files, clientKey(files)).close();
            assertThatThrownBy(() -> connect(server, "verify-full", files, clientKey(files)))
                    .isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> connect(server, "verify-ca", TlsFiles.shared(), clientKey(files)))
                    .isInstanceOf(SQLException.class);
        }
    }

    /** The driver wants the key in DER. */
    private static Path clientKey(TlsFiles files) throws Exception {
        String pem = Files.readString(files.clientKey()).replaceAll("-----[^-]+-----|\\s", "");
        Path der = Files.createTempFile(files.clientKey().getParent(), "client", ".pk8");
        Files.write(der, Base64.getDecoder().decode(pem));
        return der;
    }

    private static Connection connect(PostgresServer server, String sslMode, TlsFiles files, Path key)
            throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + server.host() + ":" + server.port()
                + "/postgres?user=postgres&sslmode=" + sslMode + "&sslrootcert=" + files.rootCertificate()
                + "&sslcert=" + files.clientCertificate() + "&sslkey=" + key);
    }
}
