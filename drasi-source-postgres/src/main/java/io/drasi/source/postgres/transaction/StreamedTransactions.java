// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.spool.Spool;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that the server has begun to send and that have not ended yet. If all together take more memory than they
 * may, the largest go to files. One thread.
 */
final class StreamedTransactions {
    private final Spool spool;
    private final long maxMemory;
    private final Map<Long, StreamedTransaction> open = new HashMap<>();
    private @Nullable StreamedTransaction block;
    private long weight;

    StreamedTransactions(Spool spool, long maxMemory) {
        this.spool = spool;
        this.maxMemory = maxMemory;
    }

    boolean inBlock() {
        return block != null;
    }

    void start(PgOutputMessage.StreamStart start) {
        StreamedTransaction known = open.get(start.xid());
        if ((known == null) != start.firstSegment()) {
            throw new DecodingException(
                    "the server sent "
                            + (start.firstSegment() ? "a first block again" : "a further block, but no first one,")
                            + " of transaction " + start.xid(),
                    null,
                    null);
        }
        block = known == null ? new StreamedTransaction(start.xid(), spool) : known;
        open.put(start.xid(), block);
    }

    void stop() {
        block = null;
    }

    /** A message inside a block. */
    void add(long subXid, ByteSlice message) {
        StreamedTransaction current = block;
        if (current == null) {
            throw new IllegalStateException("not inside a block");
        }
        long before = current.weight();
        current.add(subXid, message);
        weight += current.weight() - before;
        while (weight > maxMemory) {
            StreamedTransaction largest = open.values().stream()
                    .max(Comparator.comparingLong(StreamedTransaction::weight))
                    .orElseThrow();
            weight -= largest.weight();
            largest.spill();
        }
    }

    /** The message that was added last describes a table; {@code place} in the stream. */
    void describes(long relationOid, long place, long subXid) {
        StreamedTransaction current = block;
        if (current != null) {
            current.describes(relationOid, place, subXid);
        }
    }

    /** One that is not known is none of this stream. */
    void abort(PgOutputMessage.StreamAbort abort) {
        StreamedTransaction of = open.get(abort.xid());
        if (of == null) {
            return;
        }
        if (abort.subXid() == abort.xid()) {
            take(abort.xid()).release();
        } else {
            long before = of.weight();
            of.abort(abort.subXid());
            weight += of.weight() - before;
        }
    }

    /** It has ended, and is the caller's. */
    StreamedTransaction take(long xid) {
        StreamedTransaction ended = open.remove(xid);
        if (ended == null) {
            throw new DecodingException(
                    "the server sent the end of transaction " + xid + ", but nothing of it before", null, null);
        }
        weight -= ended.weight();
        return ended;
    }

    /** The stream has ended: they come again with the next. */
    void abandon() {
        block = null;
        weight = 0;
        open.values().forEach(StreamedTransaction::release);
        open.clear();
    }
}
