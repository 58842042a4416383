// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.process;

/** What the program's exit code says. */
public enum ExitCode {
    OK(0, "ended in order: --endpos or --for reached, or stopped by SIGINT or SIGTERM"),
    FAILED(1, "the source failed, or the output or the state directory could not be used"),
    USAGE(2, "wrong option or configuration"),
    CONNECTION(3, "cannot connect or log in to the server"),
    SETUP(4, "the server, its publication or a table is not set up for this; the error says what to run"),
    POSITION_UNAVAILABLE(5, "the slot is gone, invalidated or no longer has the position that is needed"),
    INTERRUPTED(130, "ended at once by a second signal"),
    OUTPUT_CLOSED(141, "the reader of standard output has closed it");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    public int number() {
        return number;
    }

    /** For the help text. */
    public String meaning() {
        return meaning;
    }
}
