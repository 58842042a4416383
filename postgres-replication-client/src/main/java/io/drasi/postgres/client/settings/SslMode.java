// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Whether a TCP connection is encrypted and what the server must prove, with libpq's meaning ("SSL Support" in its
 * documentation). Unix sockets are never encrypted.
 */
public enum SslMode {
    /** Never encrypted. */
    DISABLE,
    /** Encrypted if the server can, else not; also not if the server rejects the login because it is encrypted. */
    PREFER,
    /** Encrypted; the certificate is checked only if there is a root certificate. */
    REQUIRE,
    /** Encrypted, and the certificate leads to a root certificate. */
    VERIFY_CA,
    /** As {@link #VERIFY_CA}, and the certificate is for the host that was asked for. */
    VERIFY_FULL;

    /**
     * Parses libpq's name, e.g. {@code verify-full}.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static SslMode parse(String libpqName) {
        for (SslMode mode : values()) {
            if (mode.libpqName().equals(libpqName)) {
                return mode;
            }
        }
        throw new IllegalArgumentException("sslmode must be one of "
                + Arrays.stream(values()).map(SslMode::libpqName).collect(Collectors.joining(", ")) + ", was '"
                + libpqName + "'");
    }

    /** libpq's name, e.g. {@code verify-full}. */
    public String libpqName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** True if no unencrypted connection is ever made over TCP. */
    public boolean requiresTls() {
        return compareTo(REQUIRE) >= 0;
    }

    /** True if the server's certificate must be checked whatever files there are. */
    public boolean requiresTrust() {
        return compareTo(VERIFY_CA) >= 0;
    }
}
