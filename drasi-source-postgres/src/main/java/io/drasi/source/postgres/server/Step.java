// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

/** What was being done when the server refused: the same error code means different things at different steps. */
public enum Step {
    CONNECT("connecting"),
    CONNECT_REPLICATION("opening the replication connection"),
    CHECK("checking the server"),
    PUBLICATION("setting up the publication"),
    CREATE_SLOT("creating the replication slot"),
    DROP_SLOT("dropping the replication slot"),
    SNAPSHOT("reading the snapshot"),
    START_STREAM("starting the stream"),
    STREAM("reading the stream");

    private final String words;

    Step(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
