// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Delete;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Insert;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.LogicalMessage;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Origin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Relation;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamAbort;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Truncate;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Update;
import io.drasi.postgres.protocol.wire.ByteSlice;
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

    /** The line of the stream's next message. */
    String of(PgOutputMessage message) {
        if (message instanceof Begin begin) {
            return "Begin commit " + begin.commitLsn() + " at " + PgTimestamp.toInstant(begin.commitTimeMicros())
                    + " xid " + begin.xid();
        } else if (message instanceof Commit commit) {
            return "Commit flags " + commit.flags() + " commit " + commit.commitLsn() + " end " + commit.endLsn()
                    + " at " + PgTimestamp.toInstant(commit.commitTimeMicros());
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
        } else if (message instanceof StreamAbort abort) {
            return "StreamAbort xid " + abort.xid() + " subxid " + abort.subXid();
        }
        throw new AssertionError("no text for " + message);
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
