// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/**
 * Whether a certificate is for a host, as libpq decides it for {@code verify-full}: the subject alternative names count;
 * the common name only if there are no alternative names of hosts.
 */
final class ServerName {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private final List<String> dnsNames = new ArrayList<>();
    private final List<String> addresses = new ArrayList<>();

    private ServerName(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names != null) {
            names.forEach(this::add);
        }
        if (dnsNames.isEmpty() && addresses.isEmpty()) {
            commonName(certificate).ifPresent(this::addCommonName);
        }
    }

    private void add(List<?> alternativeName) {
        int type = (Integer) alternativeName.get(0);
        if (type == DNS_NAME) {
            dnsNames.add((String) alternativeName.get(1));
        } else if (type == IP_ADDRESS) {
            addresses.add((String) alternativeName.get(1));
        }
    }

    private void addCommonName(String name) {
        (isAddress(name) ? addresses : dnsNames).add(name);
    }

    private static Optional<String> commonName(X509Certificate certificate) {
        try {
            List<Rdn> parts = new LdapName(certificate.getSubjectX500Principal().getName()).getRdns();
            // The most specific one, which LdapName puts at the end.
            for (int i = parts.size() - 1; i >= 0; i--) {
                if (parts.get(i).getType().equalsIgnoreCase("CN")
                        && parts.get(i).getValue() instanceof String name) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        } catch (InvalidNameException e) {
            return Optional.empty();
        }
    }

    /** All names that the certificate is for, for messages. */
    static List<String> names(X509Certificate certificate) throws CertificateParsingException {
        ServerName name = new ServerName(certificate);
        List<String> all = new ArrayList<>(name.dnsNames);
        all.addAll(name.addresses);
        return all;
    }

    static boolean matches(X509Certificate certificate, String host) throws CertificateParsingException {
        ServerName name = new ServerName(certificate);
        return isAddress(host)
                ? name.addresses.stream().anyMatch(address -> sameAddress(address, host))
                : name.dnsNames.stream().anyMatch(pattern -> matchesPattern(pattern, host));
    }

    /** True for the text form of an address, IPv4 or IPv6. */
    static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
    }

    private static boolean sameAddress(String one, String other) {
        try {
            // Neither is looked up: both have the form of an address.
            return isAddress(one) && InetAddress.getByName(one).equals(InetAddress.getByName(other));
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** A leading {@code *.} stands for exactly one label, as in libpq. */
    static boolean matchesPattern(String pattern, String host) {
        String wanted = host.toLowerCase(Locale.ROOT);
        String offered = pattern.toLowerCase(Locale.ROOT);
        if (!offered.startsWith("*.")) {
            return offered.equals(wanted);
        }
        int dot = wanted.indexOf('.');
        return offered.length() > 2 && dot > 0 && wanted.substring(dot).equals(offered.substring(1));
    }
}
