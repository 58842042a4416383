// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.spool.MessageLog;
import io.drasi.source.postgres.spool.MessageLogReader;
import io.drasi.source.postgres.spool.Spool;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The part of a transaction that is in a file: messages as the server sent them, and in memory the shapes of the tables at
 * each place. Written by one thread, then read by any.
 */
final class SpooledChanges {
    /** No message of the server begins like that: a number of messages follows that only count. */
    private static final byte SKIPPED = 0;

    /** From this message on, a table has another shape; null: it is left out. */
    record Reshaped(long message, long relationOid, @Nullable TableShape shape) {}

    /** What the changes are made of beside the messages. */
    record Context(Spool spool, ChangeMapper mapper, RowChanges rows, Map<Long, TableShape> shapes) {
        /**
         * @param rows have turned all messages before into changes
         * @param shapes as they are at the first message, by OID; those that are left out are not in it
         */
        Context {
            shapes = Map.copyOf(shapes);
        }
    }

    private final Context context;
    private final MessageLog log;
    private final @Nullable MessageLogReader along;
    private final MessageLogReader.Place begin;
    private final long blockXid;
    private final Set<Long> aborted;
    private final long effectiveFrom;
    private final long ordinal;
    private final List<Reshaped> reshaped = new ArrayList<>();
    /** Messages of tables that are left out, since the last one that is in the file. */
    private long skipped;

    private SpooledChanges(
            Context context,
            MessageLog log,
            @Nullable MessageLogReader along,
            MessageLogReader.Place begin,
            long blockXid,
            Set<Long> aborted) {
        this.context = context;
        this.log = log;
        this.along = along;
        this.begin = begin;
        this.blockXid = blockXid;
        this.aborted = aborted;
        this.effectiveFrom = context.rows().effectiveFrom();
        this.ordinal = context.rows().ordinal();
    }

    /**
     * In a new file that has nothing but them.
     *
     * @param blockXid of the transaction, if its messages are those of stream blocks, otherwise 0
     */
    static SpooledChanges inOwnFile(Context context, long xid, long blockXid) {
        return new SpooledChanges(
                context, context.spool().create(xid), null, MessageLogReader.Place.BEGIN, blockXid, Set.of());
    }

    /**
     * In the file that has all messages of a streamed transaction, from the one on that {@code along} has read last.
     *
     * @param along reads further while the changes are written
     * @param aborted what is of these subtransactions does not count
     */
    static SpooledChanges inFileOfBlocks(
            Context context, MessageLog log, MessageLogReader along, long blockXid, Set<Long> aborted) {
        log.retain();
        return new SpooledChanges(context, log, along, along.placeOfLast(), blockXid, Set.copyOf(aborted));
    }

    /** @param message an Insert, Update, Delete or Truncate */
    void append(ByteSlice message) {
        if (along != null) {
            return;
        }
        if (skipped > 0) {
            ByteBuffer count = ByteBuffer.allocate(1 + Long.BYTES).put(SKIPPED).putLong(skipped);
            log.append(ByteSlice.of(count.array()));
            skipped = 0;
        }
        log.append(message);
    }

    /** A message of a table that is left out: it only counts. */
    void skip() {
        if (along == null) { // else it is in that file
            skipped++;
        }
    }

    /** How many messages {@code message} stands for that only count; empty: it is one itself. */
    static OptionalLong skipped(ByteSlice message) {
        return message.array()[message.offset()] == SKIPPED
                ? OptionalLong.of(ByteBuffer.wrap(message.array(), message.offset() + 1, Long.BYTES)
                        .getLong())
                : OptionalLong.empty();
    }

    void reshape(long relationOid, @Nullable TableShape shape) {
        long message = along == null ? log.messages() : along.placeOfNext().message();
        reshaped.add(new Reshaped(message, relationOid, shape));
    }

    void end() {
        if (along == null) {
            log.end();
        }
    }

    void retain() {
        log.retain();
    }

    /** One less holds the file. */
    void release() {
        log.release();
    }

    /** It can't be read: the source has to end. */
    void failed(SourceException cause) {
        context.spool().failed(cause);
    }

    // ---- for those who read it ----

    /** A reader before the first message. */
    MessageLogReader reader() {
        return log.reader(begin);
    }

    /** Decodes the messages. */
    PgOutputDecoder decoder() {
        return blockXid == 0 ? new PgOutputDecoder(1) : PgOutputDecoder.ofBlock(blockXid);
    }

    /** Whether a message that has this transaction id in front was rolled back. */
    boolean isAborted(long subXid) {
        return aborted.contains(subXid);
    }

    /** Turns the messages into changes once more. */
    RowChanges rows(long commitLsn, Consumer<SourceChange> sink) {
        return new RowChanges(context.mapper(), commitLsn, effectiveFrom, ordinal, sink);
    }

    /** The number of the first message. */
    long first() {
        return begin.message();
    }

    /** The shapes at the first message. */
    Map<Long, TableShape> shapes() {
        return new HashMap<>(context.shapes());
    }

    /** The changes of shapes in order. */
    List<Reshaped> reshaped() {
        return reshaped;
    }
}
