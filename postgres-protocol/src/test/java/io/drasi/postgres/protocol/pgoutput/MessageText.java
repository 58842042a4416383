// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.BeginPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.CommitPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Delete;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Insert;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.LogicalMessage;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Origin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Prepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Relation;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.RollbackPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamAbort;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamCommit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStart;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStop;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Truncate;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Update;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/** Every field of the messages of one stream, in one line each; relations by the names that they were described with. */
final class MessageText {
    private static final int LONGEST_VALUE = 100;
    private static final int SHOWN_OF_LONGER = 10;

    private final Map<Long, String> relations = new HashMap<>();

    /**
     * The line of the stream's next message.
     *
     * @param xid in front of it; 0 for none
     */
    String of(long xid, PgOutputMessage message) {
        return xid == 0 ? of(message) : "[" + xid + "] " + of(message);
    }

    private String of(PgOutputMessage message) {
        if (message instanceof Begin begin) {
            return "Begin commit " + begin.commitLsn() + at(begin.commitTimeMicros()) + " xid " + begin.xid();
        } else if (message instanceof Commit commit) {
            return "Commit flags " + commit.flags() + " commit " + commit.commitLsn() + " end " + commit.endLsn()
                    + at(commit.commitTimeMicros());
        } else if (message instanceof Origin origin) {
            return "Origin lsn " + origin.originLsn() + " name '" + origin.name() + "'";
        } else if (message instanceof Relation relation) {
            return relation(relation);
        } else if (message instanceof PgOutputMessage.Type type) {
            return "Type " + type.namespace() + "." + type.name() + " oid " + type.oid();
        } else if (message instanceof Insert insert) {
            return "Insert " + relation(insert.relationOid()) + " new " + tuple(insert.newTuple());
        } else if (message instanceof Update update) {
            return "Update " + relation(update.relationOid()) + old(update.old()) + " new " + tuple(update.newTuple());
        } else if (message instanceof Delete delete) {
            return "Delete " + relation(delete.relationOid()) + old(delete.old());
        } else if (message instanceof Truncate truncate) {
            return truncate(truncate);
        } else if (message instanceof LogicalMessage logical) {
            return "Message" + (logical.transactional() ? " transactional" : "") + " lsn " + logical.lsn() + " prefix '"
                    + logical.prefix() + "' content 0x" + hex(logical.content());
        }
        return ofStreamed(message);
    }

    private static String ofStreamed(PgOutputMessage message) {
        if (message instanceof StreamStart start) {
            return "StreamStart xid " + start.xid() + (start.firstSegment() ? " first" : "");
        } else if (message instanceof StreamStop) {
            return "StreamStop";
        } else if (message instanceof StreamCommit commit) {
            return "StreamCommit xid " + commit.xid() + " commit " + commit.commitLsn() + " end " + commit.endLsn()
                    + at(commit.commitTimeMicros());
        } else if (message instanceof StreamAbort abort) {
            return "StreamAbort xid " + abort.xid() + " subxid " + abort.subXid()
                    + abort.info()
                            .map(info -> " abort " + info.abortLsn() + at(info.abortTimeMicros()))
                            .orElse("");
        }
        return ofPrepared(message);
    }

    private static String ofPrepared(PgOutputMessage message) {
        if (message instanceof BeginPrepare p) {
            return prepared("BeginPrepare", p.prepareLsn(), p.endLsn(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof Prepare p) {
            return prepared("Prepare", p.prepareLsn(), p.endLsn(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof StreamPrepare p) {
            return prepared("StreamPrepare", p.prepareLsn(), p.endLsn(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof CommitPrepared commit) {
            return "CommitPrepared commit " + commit.commitLsn() + " end " + commit.endLsn()
                    + at(commit.commitTimeMicros()) + named(commit.xid(), commit.gid());
        } else if (message instanceof RollbackPrepared rollback) {
            return "RollbackPrepared prepare end " + rollback.prepareEndLsn() + at(rollback.prepareTimeMicros())
                    + " rollback end " + rollback.rollbackEndLsn() + at(rollback.rollbackTimeMicros())
                    + named(rollback.xid(), rollback.gid());
        }
        throw new AssertionError("no text for " + message);
    }

    private static String prepared(String name, Lsn prepareLsn, Lsn endLsn, long micros, long xid, String gid) {
        return name + " prepare " + prepareLsn + " end " + endLsn + at(micros) + named(xid, gid);
    }

    private static String named(long xid, String gid) {
        return " xid " + xid + " gid '" + gid + "'";
    }

    private static String at(long micros) {
        return " at " + PgTimestamp.toInstant(micros);
    }

    private String relation(Relation relation) {
        relations.put(relation.oid(), relation.namespace() + "." + relation.name());
        return "Relation " + relation(relation.oid()) + " identity " + relation.identity()
                + relation.columns().stream()
                        .map(column -> column.name() + (column.key() ? "*" : "") + " type " + column.typeOid()
                                + " modifier " + column.typeModifier())
                        .collect(Collectors.joining(", ", " (", ")"));
    }

    private String relation(long oid) {
        return relations.getOrDefault(oid, "?") + " oid " + oid;
    }

    private String truncate(Truncate truncate) {
        return "Truncate "
                + truncate.relationOids().stream().map(this::relation).collect(Collectors.joining(", "))
                + (truncate.cascade() ? " cascade" : "") + (truncate.restartIdentity() ? " restart_identity" : "");
    }

    private static String old(OldTuple old) {
        if (old instanceof OldTuple.Key key) {
            return " key " + tuple(key.tuple());
        }
        return old instanceof OldTuple.Full full ? " old " + tuple(full.tuple()) : "";
    }

    private static String tuple(TupleData tuple) {
        return IntStream.range(0, tuple.size())
                .mapToObj(column -> value(tuple.value(column)))
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String value(TupleValue value) {
        if (value instanceof TupleValue.Text text) {
            return text.utf8().length() > LONGEST_VALUE
                    ? longValue(text.utf8())
                    : "'" + text.utf8().utf8() + "'";
        } else if (value instanceof TupleValue.Binary binary) {
            return binary.bytes().length() > LONGEST_VALUE ? longValue(binary.bytes()) : "0x" + hex(binary.bytes());
        }
        return value instanceof TupleValue.Null ? "null" : "unchanged";
    }

    private static String longValue(ByteSlice bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes.array(), bytes.offset(), bytes.length());
        String beginning = new ByteSlice(bytes.array(), bytes.offset(), SHOWN_OF_LONGER).utf8();
        return String.format(
                Locale.ROOT, "'%s…' of %d bytes with CRC-32 %08x", beginning, bytes.length(), crc.getValue());
    }

    private static String hex(ByteSlice bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
