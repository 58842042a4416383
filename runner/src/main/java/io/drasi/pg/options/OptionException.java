// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

/** An option that cannot be used. The message names the option, where it was given, and what it may be; never a secret. */
public final class OptionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OptionException(String message) {
        super(message);
    }

    public OptionException(String message, Throwable cause) {
        super(message, cause);
    }
}
