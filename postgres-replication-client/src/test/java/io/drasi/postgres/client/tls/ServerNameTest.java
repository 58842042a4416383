// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.testkit.TlsFiles;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerNameTest {
    private static X509Certificate certificate(String commonName, String... alternativeNames) {
        return TlsFiles.builder()
                .serverName(commonName)
                .alternativeNames(alternativeNames)
                .create()
                .serverX509();
    }

    private static boolean matches(X509Certificate certificate, String host) throws CertificateParsingException {
        return ServerName.of(certificate, host).matches(host);
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
        assertThat(matches(certificate, "192.0.2.1")).isTrue();
        assertThat(matches(certificate, "192.0.2.2")).isFalse();
        assertThat(matches(certificate, "2001:DB8:0:0::1")).isTrue();
    }

    @Test
    void takesTheCommonNameOnlyWithoutAlternativeNamesOfTheHostsType() throws CertificateParsingException {
        assertThat(matches(certificate("db.example.com"), "db.example.com")).isTrue();
        assertThat(matches(certificate("192.0.2.1"), "192.0.2.1")).isTrue();
        assertThat(matches(certificate("db.example.com", "other.example.com"), "db.example.com"))
                .isFalse();
        assertThat(matches(certificate("db.example.com", "other.example.com"), "other.example.com"))
                .isTrue();
        assertThat(matches(certificate("192.0.2.1", "192.0.2.2"), "192.0.2.1")).isFalse();
    }

    @Test
    void takesTheCommonNameBesideAlternativeNamesOfTheOtherType() throws CertificateParsingException {
        assertThat(matches(certificate("db.example.com", "192.0.2.1"), "db.example.com"))
                .isTrue();
        assertThat(matches(certificate("192.0.2.1", "db.example.com"), "192.0.2.1"))
                .isTrue();
    }

    @Test
    void comparesAnAddressWithNamesAsText() throws CertificateParsingException {
        ServerName textual = new ServerName(List.of("192.0.2.9", "2001:DB8::1", "*.0.2.7"), List.of("192.0.2.1"));
        assertThat(textual.matches("192.0.2.9")).isTrue();
        assertThat(textual.matches("2001:db8::1")).isTrue();
        assertThat(textual.matches("2001:db8:0::1")).isFalse();
        assertThat(textual.matches("192.0.2.7")).isFalse();
    }

    @Test
    void tellsWhichNamesCount() throws CertificateParsingException {
        X509Certificate certificate = certificate("common", "other", "192.0.2.1");
        assertThat(ServerName.of(certificate, "db").all()).containsExactly("other", "192.0.2.1");
        assertThat(ServerName.of(certificate("common", "192.0.2.1"), "db").all())
                .containsExactly("common", "192.0.2.1");
    }

    @Test
    void tellsAddressesFromNames() {
        assertThat(ServerName.isAddress("10.0.0.1")).isTrue();
        assertThat(ServerName.isAddress("::1")).isTrue();
        assertThat(ServerName.isAddress("10.example.com")).isFalse();
    }
}
