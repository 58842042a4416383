// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.testkit.PgOutputBytes;
import java.util.function.Function;

/**
 * Decodes each message with a decoder of its own that is in this state, so that none has an effect on the next.
 *
 * @param inBlock inside a block of transaction {@value #BLOCK_XID}
 */
record DecoderState(int version, boolean parallel, boolean inBlock) implements Function<ByteCursor, PgOutputMessage> {
    static final long BLOCK_XID = 700;

    static DecoderState outside(int version) {
        return new DecoderState(version, false, false);
    }

    static DecoderState inside(int version) {
        return new DecoderState(version, false, true);
    }

    PgOutputDecoder decoder() {
        PgOutputDecoder decoder = new PgOutputDecoder(version, parallel);
        if (inBlock) {
            decoder.decode(
                    new ByteCursor(PgOutputBytes.streamStart(BLOCK_XID, false).toByteArray()));
        }
        return decoder;
    }

    @Override
    public PgOutputMessage apply(ByteCursor cursor) {
        return decoder().decode(cursor);
    }
}
