// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.PgOutputBytes;
import io.drasi.testkit.Property;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Random messages of all versions, encoded here as PostgreSQL's documentation has it, come out of the decoder as they went in;
 * in a stream block too.
 */
class PgOutputRoundTripTest {
    @Test
    void decodesWhatWasEncoded() {
        Property.forAll(5_000, random -> {
            Sent sent = randomSent(random);
            PgOutputDecoder decoder = sent.state().decoder();
            assertThat(Decoding.decode(decoder::decode, sent.bytes())).isEqualTo(sent.message());
            assertThat(decoder.xid()).isEqualTo(sent.xid());
        });
    }

    @Test
    void rejectsEveryTruncationAndTrailingBytesOfAnyMessage() {
        Property.forAll(300, random -> {
            Sent sent = randomSent(random);
            Decoding.assertExactLength(sent.state(), sent.bytes());
        });
    }

    @Test
    void decodesAChangedMessageOrRejectsItAndDoesNothingElse() {
        Property.forAll(20_000, random -> {
            Sent sent = randomSent(random);
            byte[] bytes = sent.bytes();
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                Decoding.decode(sent.state(), bytes);
            } catch (ProtocolException e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            }
        });
    }

    /**
     * @param state of a decoder that the message may come to
     * @param xid in front of the message; 0 for none
     */
    private record Sent(PgOutputMessage message, DecoderState state, long xid) {
        byte[] bytes() {
            Bytes bytes = encode(message);
            return (xid == 0 ? bytes : PgOutputBytes.streamed(xid, bytes)).toByteArray();
        }
    }

    private static Sent randomSent(Random random) {
        boolean inBlock = random.nextInt(3) == 0;
        PgOutputMessage message = inBlock ? randomMessageInBlock(random) : randomMessage(random);
        boolean parallel = message instanceof StreamAbort abort ? abort.info().isPresent() : random.nextBoolean();
        boolean hasXid = inBlock && !(message instanceof Origin || message instanceof StreamStop);
        return new Sent(message, new DecoderState(4, parallel, inBlock), hasXid ? xid(random) : 0);
    }

    private static PgOutputMessage randomMessageInBlock(Random random) {
        return switch (random.nextInt(10)) {
            case 0 -> new StreamStop();
            case 1 -> new Origin(lsn(random), name(random));
            default -> randomChange(random);
        };
    }

    private static PgOutputMessage randomMessage(Random random) {
        return switch (random.nextInt(20)) {
            case 0 -> new Begin(lsn(random), random.nextLong(), unsigned(random));
            case 1 -> new Commit(0, lsn(random), lsn(random), random.nextLong());
            case 2 -> new Origin(lsn(random), name(random));
            case 3 -> new StreamAbort(unsigned(random), unsigned(random));
            case 4 ->
                new StreamAbort(
                        unsigned(random),
                        unsigned(random),
                        Optional.of(new StreamAbort.AbortInfo(lsn(random), random.nextLong())));
            case 5 -> new StreamStart(xid(random), random.nextBoolean());
            case 6 -> new StreamCommit(unsigned(random), lsn(random), lsn(random), random.nextLong());
            case 7 ->
                new BeginPrepare(setLsn(random), setLsn(random), random.nextLong(), unsigned(random), name(random));
            case 8 -> new Prepare(setLsn(random), setLsn(random), random.nextLong(), unsigned(random), name(random));
            case 9 ->
                new CommitPrepared(setLsn(random), setLsn(random), random.nextLong(), unsigned(random), name(random));
            case 10 ->
                new RollbackPrepared(
                        setLsn(random),
                        setLsn(random),
                        random.nextLong(),
                        random.nextLong(),
                        unsigned(random),
                        name(random));
            case 11 ->
                new StreamPrepare(setLsn(random), setLsn(random), random.nextLong(), unsigned(random), name(random));
            default -> randomChange(random);
        };
    }

    private static PgOutputMessage randomChange(Random random) {
        return switch (random.nextInt(7)) {
            case 0 -> randomRelation(random);
            case 1 -> new PgOutputMessage.Type(unsigned(random), "s" + name(random), name(random));
            case 2 -> new Insert(unsigned(random), tuple(random));
            case 3 -> new Update(unsigned(random), oldTuple(random, 3), tuple(random));
            case 4 -> new Delete(unsigned(random), oldTuple(random, 2));
            case 5 -> new Truncate(list(random, () -> unsigned(random)), random.nextBoolean(), random.nextBoolean());
            default -> new LogicalMessage(random.nextBoolean(), lsn(random), name(random), content(random));
        };
    }

    private static Relation randomRelation(Random random) {
        ReplicaIdentity[] identities = ReplicaIdentity.values();
        return new Relation(
                unsigned(random),
                "s" + name(random),
                name(random),
                identities[random.nextInt(identities.length)],
                list(
                        random,
                        () -> new RelationColumn(
                                random.nextBoolean(), name(random), unsigned(random), random.nextInt())));
    }

    private static <T> List<T> list(Random random, Supplier<T> element) {
        return Stream.generate(element).limit(random.nextInt(6)).toList();
    }

    private static Lsn lsn(Random random) {
        return new Lsn(random.nextLong());
    }

    private static long unsigned(Random random) {
        return random.nextInt() & 0xFFFF_FFFFL;
    }

    private static long xid(Random random) {
        return Math.max(unsigned(random), 1);
    }

    private static Lsn setLsn(Random random) {
        return lsn(random).max(new Lsn(1));
    }

    private static String name(Random random) {
        int[] codePoints = random.ints(random.nextInt(8), 1, Character.MAX_CODE_POINT + 1)
                .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                .toArray();
        return new String(codePoints, 0, codePoints.length);
    }

    private static ByteSlice content(Random random) {
        byte[] content = new byte[random.nextInt(20)];
        random.nextBytes(content);
        return ByteSlice.of(content);
    }

    private static OldTuple oldTuple(Random random, int kinds) {
        return switch (random.nextInt(kinds)) {
            case 0 -> new OldTuple.Key(tuple(random));
            case 1 -> new OldTuple.Full(tuple(random));
            default -> new OldTuple.None();
        };
    }

    private static TupleData tuple(Random random) {
        int size = random.nextInt(6);
        Bytes bytes = new Bytes().int16(size);
        for (int i = 0; i < size; i++) {
            char kind = "nutb".charAt(random.nextInt(4));
            bytes.int8(kind);
            if (kind == 't' || kind == 'b') {
                ByteSlice content = content(random);
                bytes.int32(content.length()).bytes(content.toByteArray());
            }
        }
        return TupleData.read(new ByteCursor(bytes.toByteArray()));
    }

    private static Bytes encode(PgOutputMessage message) {
        Bytes bytes = new Bytes();
        if (message instanceof Begin begin) {
            bytes.int8('B')
                    .int64(begin.commitLsn().value())
                    .int64(begin.commitTimeMicros())
                    .int32(begin.xid());
        } else if (message instanceof Commit commit) {
            bytes.int8('C')
                    .int8(commit.flags())
                    .int64(commit.commitLsn().value())
                    .int64(commit.endLsn().value())
                    .int64(commit.commitTimeMicros());
        } else if (message instanceof Origin origin) {
            bytes.int8('O').int64(origin.originLsn().value()).cstring(origin.name());
        } else if (message instanceof PgOutputMessage.Type type) {
            bytes.int8('Y').int32(type.oid()).cstring(type.namespace()).cstring(type.name());
        } else if (message instanceof LogicalMessage logical) {
            bytes.int8('M')
                    .int8(logical.transactional() ? 1 : 0)
                    .int64(logical.lsn().value())
                    .cstring(logical.prefix())
                    .int32(logical.content().length())
                    .bytes(logical.content().toByteArray());
        } else {
            return encodeChange(message, bytes);
        }
        return bytes;
    }

    private static Bytes encodeStreamed(PgOutputMessage message) {
        if (message instanceof StreamStart start) {
            return PgOutputBytes.streamStart(start.xid(), start.firstSegment());
        } else if (message instanceof StreamStop) {
            return PgOutputBytes.streamStop();
        } else if (message instanceof StreamCommit c) {
            return PgOutputBytes.streamCommit(
                    c.xid(), c.commitLsn().value(), c.endLsn().value(), c.commitTimeMicros());
        } else if (message instanceof StreamAbort abort) {
            return abort.info()
                    .map(info -> PgOutputBytes.streamAbort(
                            abort.xid(), abort.subXid(), info.abortLsn().value(), info.abortTimeMicros()))
                    .orElseGet(() -> PgOutputBytes.streamAbort(abort.xid(), abort.subXid()));
        }
        return encodePrepared(message);
    }

    private static Bytes encodePrepared(PgOutputMessage message) {
        if (message instanceof BeginPrepare p) {
            return PgOutputBytes.beginPrepare(
                    p.prepareLsn().value(), p.endLsn().value(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof Prepare p) {
            return PgOutputBytes.prepare(
                    p.prepareLsn().value(), p.endLsn().value(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof StreamPrepare p) {
            return PgOutputBytes.streamPrepare(
                    p.prepareLsn().value(), p.endLsn().value(), p.prepareTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof CommitPrepared p) {
            return PgOutputBytes.commitPrepared(
                    p.commitLsn().value(), p.endLsn().value(), p.commitTimeMicros(), p.xid(), p.gid());
        } else if (message instanceof RollbackPrepared p) {
            return PgOutputBytes.rollbackPrepared(
                    p.prepareEndLsn().value(),
                    p.rollbackEndLsn().value(),
                    p.prepareTimeMicros(),
                    p.rollbackTimeMicros(),
                    p.xid(),
                    p.gid());
        }
        throw new AssertionError("no encoding for " + message);
    }

    private static Bytes encodeChange(PgOutputMessage message, Bytes bytes) {
        if (message instanceof Relation relation) {
            encodeRelation(relation, bytes);
        } else if (message instanceof Insert insert) {
            encode(
                    insert.newTuple(),
                    bytes.int8('I').int32(insert.relationOid()).int8('N'));
        } else if (message instanceof Update update) {
            encode(update.old(), bytes.int8('U').int32(update.relationOid()));
            encode(update.newTuple(), bytes.int8('N'));
        } else if (message instanceof Delete delete) {
            encode(delete.old(), bytes.int8('D').int32(delete.relationOid()));
        } else if (message instanceof Truncate truncate) {
            bytes.int8('T')
                    .int32(truncate.relationOids().size())
                    .int8((truncate.cascade() ? 1 : 0) | (truncate.restartIdentity() ? 2 : 0));
            truncate.relationOids().forEach(bytes::int32);
        } else {
            return encodeStreamed(message);
        }
        return bytes;
    }

    private static void encodeRelation(Relation relation, Bytes bytes) {
        bytes.int8('R')
                .int32(relation.oid())
                .cstring(relation.namespace())
                .cstring(relation.name())
                .int8(Character.toLowerCase(relation.identity().name().charAt(0)))
                .int16(relation.columns().size());
        for (RelationColumn column : relation.columns()) {
            bytes.int8(column.key() ? 1 : 0)
                    .cstring(column.name())
                    .int32(column.typeOid())
                    .int32(column.typeModifier());
        }
    }

    private static void encode(OldTuple old, Bytes bytes) {
        if (old instanceof OldTuple.Key key) {
            encode(key.tuple(), bytes.int8('K'));
        } else if (old instanceof OldTuple.Full full) {
            encode(full.tuple(), bytes.int8('O'));
        }
    }

    private static void encode(TupleData tuple, Bytes bytes) {
        bytes.int16(tuple.size());
        for (int i = 0; i < tuple.size(); i++) {
            TupleValue value = tuple.value(i);
            if (value instanceof TupleValue.Null) {
                bytes.int8('n');
            } else if (value instanceof TupleValue.UnchangedToast) {
                bytes.int8('u');
            } else if (value instanceof TupleValue.Text text) {
                bytes.int8('t').int32(text.utf8().length()).bytes(text.utf8().toByteArray());
            } else if (value instanceof TupleValue.Binary binary) {
                bytes.int8('b')
                        .int32(binary.bytes().length())
                        .bytes(binary.bytes().toByteArray());
            }
        }
    }
}
