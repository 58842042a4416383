// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.spool.MessageLog;
import io.drasi.source.postgres.spool.MessageLogReader;
import io.drasi.source.postgres.spool.Spool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A transaction that the server sends before it has ended, in stream blocks or when it is prepared: its messages as they came, in memory, or in a file once they are
 * {@linkplain #spill spilled}. What was rolled back of it is left out when it is read. One thread.
 */
final class StreamedTransaction {
    /** What a message takes in memory beside its bytes. */
    private static final long MESSAGE_WEIGHT = 64;

    private record Kept(long xid, byte[] bytes) {
        long weight() {
            return MESSAGE_WEIGHT + bytes.length;
        }
    }

    /** A table was described at that place of the stream, by that subtransaction. */
    private record Described(long place, long xid) {}

    /** Its messages in order. */
    interface Messages {
        /** The next one; empty after the last one. Valid until the next call. */
        Optional<ByteSlice> next();
    }

    private final long xid;
    private final boolean inBlocks;
    private final Spool spool;
    private final Set<Long> aborted = new HashSet<>();
    private final Map<Long, List<Described>> described = new HashMap<>();
    private final List<Kept> inMemory = new ArrayList<>();
    private long weight;
    private @Nullable MessageLog log;
    private @Nullable MessageLogReader reader;

    /** @param inBlocks whether its messages have the id of their subtransaction in front */
    StreamedTransaction(long xid, boolean inBlocks, Spool spool) {
        this.xid = xid;
        this.inBlocks = inBlocks;
        this.spool = spool;
    }

    long xid() {
        return xid;
    }

    /** Bytes of memory that its messages take, about; 0 once they are in a file. */
    long weight() {
        return weight;
    }

    /**
     * @param subXid of the subtransaction that it is of
     * @param message is copied
     */
    void add(long subXid, ByteSlice message) {
        MessageLog file = log;
        if (file != null) {
            file.append(message);
            return;
        }
        Kept kept = new Kept(subXid, message.toByteArray());
        inMemory.add(kept);
        weight += kept.weight();
    }

    void describes(long relationOid, long place, long subXid) {
        described.computeIfAbsent(relationOid, oid -> new ArrayList<>()).add(new Described(place, subXid));
    }

    /**
     * Where in the stream its blocks described tables, by OID, each time and in order; without what was rolled back. After the
     * commit.
     */
    Map<Long, Deque<Long>> described() {
        Map<Long, Deque<Long>> counting = new HashMap<>();
        described.forEach((oid, all) -> {
            Deque<Long> places = new ArrayDeque<>();
            all.stream().filter(one -> !isAborted(one.xid())).forEach(one -> places.add(one.place()));
            counting.put(oid, places);
        });
        return counting;
    }

    /** From now on its messages are in a file. */
    void spill() {
        MessageLog file = spool.create(xid);
        log = file;
        inMemory.forEach(kept -> file.append(ByteSlice.of(kept.bytes())));
        inMemory.clear();
        weight = 0;
    }

    /**
     * A subtransaction was rolled back: nothing of it counts. What it has written stands at the end, since those inside it are
     * rolled back before it, and those around it write only afterwards.
     */
    void abort(long subXid) {
        aborted.add(subXid);
        int size = inMemory.size();
        while (size > 0 && inMemory.get(size - 1).xid() == subXid) {
            weight -= inMemory.remove(--size).weight();
        }
    }

    /** Whether a message was rolled back that stands there all the same. */
    boolean isAborted(long subXid) {
        return aborted.contains(subXid);
    }

    /** It was committed: nothing is added any more. */
    Messages committed() {
        MessageLog file = log;
        if (file == null) {
            return new Messages() {
                private int index;

                @Override
                public Optional<ByteSlice> next() {
                    return index == inMemory.size()
                            ? Optional.empty()
                            : Optional.of(ByteSlice.of(inMemory.get(index++).bytes()));
                }
            };
        }
        file.end();
        MessageLogReader current = file.reader(MessageLogReader.Place.BEGIN);
        reader = current;
        return current::next;
    }

    /** What changes do not stay in memory, from the message on that was read last. */
    SpooledChanges rest(SpooledChanges.Context context) {
        MessageLog file = log;
        MessageLogReader current = reader;
        return file == null || current == null
                ? SpooledChanges.inOwnFile(context, xid, blockXid())
                : SpooledChanges.inFileOfBlocks(context, file, current, blockXid(), aborted);
    }

    private long blockXid() {
        return inBlocks ? xid : 0;
    }

    /** Whether it came in stream blocks. */
    boolean inBlocks() {
        return inBlocks;
    }

    /** Decodes its messages. */
    PgOutputDecoder decoder() {
        return inBlocks ? PgOutputDecoder.ofBlock(xid) : new PgOutputDecoder(1);
    }

    /** It is of no use any more; its file may be to those who hold it. */
    void release() {
        if (log != null) {
            log.release();
        }
    }
}
