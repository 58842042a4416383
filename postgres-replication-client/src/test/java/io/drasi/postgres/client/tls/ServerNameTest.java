// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.TlsFiles;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;

class ServerNameTest {
    private static X509Certificate certificate(String commonName, String... alternativeNames) {
        return TlsFiles.builder()
                .serverName(commonName)
                .alternativeNames(alternativeNames)
                .create()
                .serverX509();
    }

    @Test
    void matchesNamesWithoutRegardToCase() {
        assertThat(ServerName.matchesPattern("db.example.com", "DB.Example.COM"))
                .isTrue();
        assertThat(ServerName.matchesPattern("db.example.com", "db2.example.com"))
                .isFalse();
    }

    @Test
    void letsAStarStandForExactlyOneLabel() {
        assertThat(ServerName.matchesPattern("*.example.com", "db.example.com")).isTrue();
        assertThat(ServerName.matchesPattern("*.example.com", "a.db.example.com"))
                .isFalse();
        assertThat(ServerName.matchesPattern("*.example.com", "example.com")).isFalse();
        assertThat(ServerName.matchesPattern("*.example.com", ".example.com")).isFalse();
        assertThat(ServerName.matchesPattern("d*.example.com", "db.example.com"))
                .isFalse();
        assertThat(ServerName.matchesPattern("*", "db")).isFalse();
        assertThat(ServerName.matchesPattern("*.", "db.")).isFalse();
    }

    @Test
    void comparesAddressesByValue() throws CertificateParsingException {
        X509Certificate certificate = certificate("ignored", "192.0.2.1", "2001:db8::1");
        assertThat(ServerName.matches(certificate, "192.0.2.1")).isTrue();
        assertThat(ServerName.matches(certificate, "192.0.2.2")).isFalse();
        assertThat(ServerName.matches(certificate, "2001:DB8:0:0::1")).isTrue();
        assertThat(ServerName.matches(certificate, "ignored")).isFalse();
    }

    @Test
    void takesTheCommonNameOnlyWithoutAlternativeNames() throws CertificateParsingException {
        assertThat(ServerName.matches(certificate("db.example.com"), "db.example.com"))
                .isTrue();
        assertThat(ServerName.matches(certificate("192.0.2.1"), "192.0.2.1")).isTrue();
        assertThat(ServerName.matches(certificate("db.example.com", "other.example.com"), "db.example.com"))
                .isFalse();
        assertThat(ServerName.matches(certificate("db.example.com", "other.example.com"), "other.example.com"))
                .isTrue();
    }

    @Test
    void tellsAddressesFromNames() {
        assertThat(ServerName.isAddress("10.0.0.1")).isTrue();
        assertThat(ServerName.isAddress("::1")).isTrue();
        assertThat(ServerName.isAddress("10.example.com")).isFalse();
    }
}
