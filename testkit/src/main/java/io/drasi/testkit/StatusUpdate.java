// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.nio.ByteBuffer;

/**
 * A standby status update that a {@link FakeWalsender} was sent.
 *
 * @param written the LSN up to which WAL was received
 * @param flushed the LSN that the client confirms
 * @param applied the LSN up to which WAL was applied
 * @param clockMicros the client's clock in microseconds since 2000-01-01 UTC
 * @param replyRequested whether the server is to answer at once
 */
public record StatusUpdate(long written, long flushed, long applied, long clockMicros, boolean replyRequested) {
    private static final int LENGTH = 34;

    /** Parses the body of a CopyData message. */
    static StatusUpdate parse(byte[] body) {
        if (body.length != LENGTH || body[0] != 'r') {
            throw new AssertionError("not a standby status update: " + new Bytes().bytes(body));
        }
        ByteBuffer fields = ByteBuffer.wrap(body, 1, LENGTH - 1);
        return new StatusUpdate(
                fields.getLong(), fields.getLong(), fields.getLong(), fields.getLong(), fields.get() != 0);
    }
}
