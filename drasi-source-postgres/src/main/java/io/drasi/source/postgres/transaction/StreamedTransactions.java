// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.spool.Spool;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that the server has begun to send and that have not ended yet, those that are prepared too. If all together take more memory than they
 * may, the largest go to files. One thread.
 */
final class StreamedTransactions {
    private final Spool spool;
    private final long maxMemory;
    private final Map<Long, StreamedTransaction> open = new HashMap<>();
    private final Map<Long, Kept> prepared = new HashMap<>();
    private @Nullable StreamedTransaction block;
    private long weight;

    /**
     * A prepared transaction.
     *
     * @param beginPlace the place in the stream where it began; what was described before it counts for it
     */
    record Kept(PreparedTransaction transaction, long beginPlace, StreamedTransaction messages) {}

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
        block = known == null ? new StreamedTransaction(start.xid(), true, spool) : known;
        open.put(start.xid(), block);
    }

    void stop() {
        block = null;
    }

    /** What follows is of a transaction that is prepared, until that is {@linkplain #prepare said}. */
    void begin(PgOutputMessage.BeginPrepare begin) {
        if (open.containsKey(begin.xid()) || prepared.containsKey(begin.xid())) {
            throw new DecodingException(
                    "the server sent a prepared transaction " + begin.xid() + " (" + begin.gid()
                            + "), but has sent one of that id before, which has not ended",
                    null,
                    null);
        }
        block = new StreamedTransaction(begin.xid(), false, spool);
        open.put(begin.xid(), block);
    }

    /** Whether it is inside a transaction that is prepared, and not inside a block. */
    boolean inPrepare() {
        return block != null && !block.inBlocks();
    }

    /** All of the transaction has come; it is kept until it ends. */
    void prepare(PreparedTransaction transaction, long beginPlace) {
        StreamedTransaction known = open.remove(transaction.xid());
        if (known == null || (block != null && !block.equals(known))) {
            throw new DecodingException(
                    "the server sent the end of prepared transaction " + transaction.xid() + " (" + transaction.gid()
                            + "), but nothing of it before",
                    null,
                    null);
        }
        block = null;
        prepared.put(transaction.xid(), new Kept(transaction, beginPlace, known));
    }

    /** It has ended, and is the caller's; empty: it is none of this stream. */
    Optional<Kept> takePrepared(long xid, String gid) {
        Kept kept = prepared.get(xid);
        if (kept == null || !kept.transaction().gid().equals(gid)) {
            return Optional.empty();
        }
        prepared.remove(xid);
        weight -= kept.messages().weight();
        return Optional.of(kept);
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
            StreamedTransaction largest = Stream.concat(
                            open.values().stream(), prepared.values().stream().map(Kept::messages))
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
        prepared.values().forEach(kept -> kept.messages().release());
        prepared.clear();
    }
}
