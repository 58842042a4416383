// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

/**
 * The messages that pgoutput has from protocol version 2 on, as bytes (PostgreSQL documentation, "Logical Replication Message
 * Formats"). Times are PostgreSQL microseconds; what the protocol leaves unused is 0.
 */
public final class PgOutputBytes {
    private PgOutputBytes() {}

    /** Stream Start, of version 2. */
    public static Bytes streamStart(long xid, boolean firstSegment) {
        return new Bytes().int8('S').int32(xid).int8(firstSegment ? 1 : 0);
    }

    /** Stream Stop, of version 2. */
    public static Bytes streamStop() {
        return new Bytes().int8('E');
    }

    /** A message as it is inside a stream block: with a transaction id behind its type. */
    public static Bytes streamed(long xid, Bytes message) {
        byte[] bytes = message.toByteArray();
        Bytes streamed = new Bytes().int8(bytes[0]).int32(xid);
        for (int i = 1; i < bytes.length; i++) {
            streamed.int8(bytes[i]);
        }
        return streamed;
    }

    /** Stream Commit, of version 2. */
    public static Bytes streamCommit(long xid, long commitLsn, long endLsn, long commitTimeMicros) {
        return new Bytes()
                .int8('c')
                .int32(xid)
                .int8(0)
                .int64(commitLsn)
                .int64(endLsn)
                .int64(commitTimeMicros);
    }

    /** Stream Abort, of version 2. */
    public static Bytes streamAbort(long xid, long subXid) {
        return new Bytes().int8('A').int32(xid).int32(subXid);
    }

    /** Stream Abort, of version 4 with parallel streaming. */
    public static Bytes streamAbort(long xid, long subXid, long abortLsn, long abortTimeMicros) {
        return streamAbort(xid, subXid).int64(abortLsn).int64(abortTimeMicros);
    }

    /** Begin Prepare, of version 3. */
    public static Bytes beginPrepare(long prepareLsn, long endLsn, long prepareTimeMicros, long xid, String gid) {
        return prepared(new Bytes().int8('b'), prepareLsn, endLsn, prepareTimeMicros, xid, gid);
    }

    /** Prepare, of version 3. */
    public static Bytes prepare(long prepareLsn, long endLsn, long prepareTimeMicros, long xid, String gid) {
        return prepared(new Bytes().int8('P').int8(0), prepareLsn, endLsn, prepareTimeMicros, xid, gid);
    }

    /** Commit Prepared, of version 3. */
    public static Bytes commitPrepared(long commitLsn, long endLsn, long commitTimeMicros, long xid, String gid) {
        return prepared(new Bytes().int8('K').int8(0), commitLsn, endLsn, commitTimeMicros, xid, gid);
    }

    /** Stream Prepare, of version 3. */
    public static Bytes streamPrepare(long prepareLsn, long endLsn, long prepareTimeMicros, long xid, String gid) {
        return prepared(new Bytes().int8('p').int8(0), prepareLsn, endLsn, prepareTimeMicros, xid, gid);
    }

    /** Rollback Prepared, of version 3. */
    public static Bytes rollbackPrepared(
            long prepareEndLsn,
            long rollbackEndLsn,
            long prepareTimeMicros,
            long rollbackTimeMicros,
            long xid,
            String gid) {
        return new Bytes()
                .int8('r')
                .int8(0)
                .int64(prepareEndLsn)
                .int64(rollbackEndLsn)
                .int64(prepareTimeMicros)
                .int64(rollbackTimeMicros)
                .int32(xid)
                .cstring(gid);
    }

    private static Bytes prepared(Bytes message, long lsn, long endLsn, long timeMicros, long xid, String gid) {
        return message.int64(lsn).int64(endLsn).int64(timeMicros).int32(xid).cstring(gid);
    }
}
