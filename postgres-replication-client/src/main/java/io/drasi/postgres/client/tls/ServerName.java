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
import java.util.stream.Stream;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/**
 * Whether a certificate is for a host, as libpq decides it for {@code verify-full}. The subject alternative names count; the
 * common name only if none of them is of the host's own type, name or address. Some authorities put addresses where names
 * belong, so the text of an address also matches as a name.
 *
 * @param names DNS names, and the common name where it counts; may be patterns
 * @param addresses in the text form that Java gives them
 */
record ServerName(List<String> names, List<String> addresses) {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    ServerName {
        names = List.copyOf(names);
        addresses = List.copyOf(addresses);
    }

    /** The names in {@code certificate} that count for a host such as {@code host}. */
    static ServerName of(X509Certificate certificate, String host) throws CertificateParsingException {
        List<String> names = new ArrayList<>(alternativeNames(certificate, DNS_NAME));
        List<String> addresses = alternativeNames(certificate, IP_ADDRESS);
        if ((isAddress(host) ? addresses : names).isEmpty()) {
            commonName(certificate).ifPresent(names::add);
        }
        return new ServerName(names, addresses);
    }

    private static List<String> alternativeNames(X509Certificate certificate, int type)
            throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names == null
                ? List.of()
                : names.stream()
                        .filter(name -> name.get(0).equals(type))
                        .map(name -> (String) name.get(1))
                        .toList();
    }

    private static Optional<String> commonName(X509Certificate certificate) {
        try {
            // The first one, as libpq takes it; LdapName counts from the end of the text, which is the certificate's
            // beginning.
            for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String name) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        } catch (InvalidNameException e) {
            return Optional.empty();
        }
    }

    /** All names and addresses, for messages. */
    List<String> all() {
        return Stream.concat(names.stream(), addresses.stream()).toList();
    }

    boolean matches(String host) {
        return isAddress(host)
                ? addresses.stream().anyMatch(address -> sameAddress(address, host))
                        || names.stream().anyMatch(name -> name.equalsIgnoreCase(host))
                : names.stream().anyMatch(pattern -> matchesPattern(pattern, host));
    }

    /** True for the text form of an address, IPv4 or IPv6. */
    static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
    }

    private static boolean sameAddress(String one, String other) {
        try {
            // Neither is looked up: both have the form of an address.
            return InetAddress.getByName(one).equals(InetAddress.getByName(other));
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
