// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import java.util.Optional;

/**
 * Gives the password each time that a server asks for one, so that it may change from one connection to the next
 * (rotated passwords, short-lived cloud tokens). It is called on the thread that opens the connection and should answer
 * within the connect timeout. An exception that it throws makes the attempt fail as a retryable one.
 */
@FunctionalInterface
public interface PasswordSupplier {
    /**
     * The password of the moment. Empty, or an array without characters: there is none.
     *
     * @return a fresh array on every call; the caller overwrites it after use
     */
    Optional<char[]> get();

    /**
     * The password of the moment for one of several hosts. What a supplier is that makes no difference between them does not
     * override this.
     *
     * @param host as it was configured
     * @return as {@link #get()}
     */
    default Optional<char[]> get(String host, int port) {
        return get();
    }

    /** Always the same password; {@code ""} is none. */
    static PasswordSupplier of(String password) {
        return () -> Optional.of(password.toCharArray());
    }

    static PasswordSupplier none() {
        return Optional::empty;
    }
}
