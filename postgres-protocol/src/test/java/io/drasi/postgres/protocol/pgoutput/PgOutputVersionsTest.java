// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static io.drasi.postgres.protocol.pgoutput.DecoderState.inside;
import static io.drasi.postgres.protocol.pgoutput.DecoderState.outside;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.BeginPrepare;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What protocol versions 2, 3 and 4 add: messages, the transaction id inside stream blocks, and an order. */
class PgOutputVersionsTest {
    private static final long GREATEST_XID = 4_294_967_295L;
    private static final long TIME = 757_382_400_000_001L;

    /** A message of each type in each version that has it, outside of a block; but for Stream Stop. */
    private static Map<Character, Bytes> messagesOutside() {
        Map<Character, Bytes> messages = new LinkedHashMap<>();
        messages.put('B', new Bytes().int8('B').int64(1).int64(2).int32(3));
        messages.put('C', new Bytes().int8('C').int8(0).int64(1).int64(2).int64(3));
        messages.put('A', PgOutputBytes.streamAbort(3, 4));
        messages.put('S', PgOutputBytes.streamStart(3, true));
        messages.put('c', PgOutputBytes.streamCommit(3, 1, 2, TIME));
        messages.put('b', PgOutputBytes.beginPrepare(1, 2, TIME, 3, "g"));
        messages.put('P', PgOutputBytes.prepare(1, 2, TIME, 3, "g"));
        messages.put('K', PgOutputBytes.commitPrepared(1, 2, TIME, 3, "g"));
        messages.put('r', PgOutputBytes.rollbackPrepared(1, 2, TIME, TIME, 3, "g"));
        messages.put('p', PgOutputBytes.streamPrepare(1, 2, TIME, 3, "g"));
        return messages;
    }

    private static int firstVersion(char type) {
        if ("SEc".indexOf(type) >= 0) {
            return 2;
        }
        return "bPKrp".indexOf(type) >= 0 ? 3 : 1;
    }

    private static void assertDecodes(DecoderState state, Bytes message, PgOutputMessage expected) {
        assertThat(Decoding.decode(state, message.toByteArray())).isEqualTo(expected);
        Decoding.assertExactLength(state, message.toByteArray());
    }

    /** From its first version on, but not before. */
    private static void assertDecodesFrom(int first, Bytes message, PgOutputMessage expected) {
        for (int version = first; version <= PgOutputDecoder.MAX_PROTOCOL_VERSION; version++) {
            assertDecodes(outside(version), message, expected);
        }
        for (int version = 1; version < first; version++) {
            assertThat(failure(outside(version), message))
                    .hasMessage("pgoutput message '" + (char) message.toByteArray()[0]
                            + "': unknown message type in protocol version " + version + ", it came with version "
                            + first + " (at offset 0)");
        }
    }

    private static ProtocolException failure(DecoderState state, Bytes message) {
        return Decoding.failure(state, message.toByteArray());
    }

    private static PgOutputMessage decode(PgOutputDecoder decoder, Bytes message) {
        return Decoding.decode(decoder::decode, message.toByteArray());
    }

    @Test
    void decodesStreamStart() {
        assertDecodesFrom(2, new Bytes().int8('S').int32(0xFFFF_FFFFL).int8(1), new StreamStart(4_294_967_295L, true));
        assertDecodesFrom(2, new Bytes().int8('S').int32(7).int8(0), new StreamStart(7, false));
    }

    @Test
    void rejectsAStreamStartOfNoTransactionOrWithAnUnknownFlag() {
        assertThat(failure(outside(2), new Bytes().int8('S').int32(0).int8(1)))
                .hasMessage("pgoutput message 'S': 0 is no transaction id (at offset 1)");
        assertThat(failure(outside(2), new Bytes().int8('S').int32(7).int8(2)))
                .hasMessage("pgoutput message 'S': expected 0 or 1, found 2 (at offset 5)");
    }

    @Test
    void decodesStreamStop() {
        for (int version = 2; version <= PgOutputDecoder.MAX_PROTOCOL_VERSION; version++) {
            assertDecodes(inside(version), new Bytes().int8('E'), new StreamStop());
        }
        assertThat(failure(outside(1), new Bytes().int8('E'))).hasMessageContaining("it came with version 2");
    }

    @Test
    void decodesStreamCommit() {
        assertDecodesFrom(
                2,
                new Bytes()
                        .int8('c')
                        .int32(0xFFFF_FFFEL)
                        .int8(0)
                        .int64(0x16_B374_D848L)
                        .int64(0x16_B374_D880L)
                        .int64(TIME),
                new StreamCommit(4_294_967_294L, Lsn.parse("16/B374D848"), Lsn.parse("16/B374D880"), TIME));
    }

    @Test
    void decodesStreamAbortWithoutItsPlaceInEveryVersionUnlessParallelStreamingWasAskedFor() {
        assertDecodesFrom(
                1,
                new Bytes().int8('A').int32(0xFFFF_FFFEL).int32(0xFFFF_FFFFL),
                new StreamAbort(4_294_967_294L, 4_294_967_295L));
    }

    @Test
    void decodesStreamAbortWithItsPlaceInParallelStreaming() {
        DecoderState parallel = new DecoderState(4, true, false);

        assertDecodes(
                parallel,
                new Bytes().int8('A').int32(7).int32(9).int64(0x16_B374_D848L).int64(-5),
                new StreamAbort(7, 9, Optional.of(new StreamAbort.AbortInfo(Lsn.parse("16/B374D848"), -5))));
        assertThat(failure(parallel, new Bytes().int8('A').int32(7).int32(9)))
                .hasMessage("pgoutput message 'A': need 8 bytes, 0 left (at offset 9)");
    }

    @Test
    void decodesBeginPrepare() {
        assertDecodesFrom(
                3,
                new Bytes()
                        .int8('b')
                        .int64(0xFFFF_FFFF_0000_0001L)
                        .int64(0xFFFF_FFFF_0000_0002L)
                        .int64(TIME)
                        .int32(0xFFFF_FFF0L)
                        .cstring("Größe 'x'"),
                new BeginPrepare(Lsn.parse("FFFFFFFF/1"), Lsn.parse("FFFFFFFF/2"), TIME, 4_294_967_280L, "Größe 'x'"));
    }

    @Test
    void decodesPrepare() {
        assertDecodesFrom(
                3,
                new Bytes()
                        .int8('P')
                        .int8(0)
                        .int64(1)
                        .int64(2)
                        .int64(-5)
                        .int32(7)
                        .cstring("gid"),
                new Prepare(new Lsn(1), new Lsn(2), -5, 7, "gid"));
    }

    @Test
    void decodesCommitPrepared() {
        assertDecodesFrom(
                3,
                new Bytes()
                        .int8('K')
                        .int8(0)
                        .int64(1)
                        .int64(2)
                        .int64(-5)
                        .int32(7)
                        .cstring(""),
                new CommitPrepared(new Lsn(1), new Lsn(2), -5, 7, ""));
    }

    @Test
    void decodesRollbackPrepared() {
        assertDecodesFrom(
                3,
                new Bytes()
                        .int8('r')
                        .int8(0)
                        .int64(1)
                        .int64(2)
                        .int64(3)
                        .int64(4)
                        .int32(0xFFFF_FFFFL)
                        .cstring("gid"),
                new RollbackPrepared(new Lsn(1), new Lsn(2), 3, 4, 4_294_967_295L, "gid"));
    }

    @Test
    void decodesStreamPrepare() {
        assertDecodesFrom(
                3,
                new Bytes()
                        .int8('p')
                        .int8(0)
                        .int64(1)
                        .int64(2)
                        .int64(-5)
                        .int32(7)
                        .cstring("gid"),
                new StreamPrepare(new Lsn(1), new Lsn(2), -5, 7, "gid"));
    }

    @Test
    void rejectsFlagsThatPostgresqlDoesNotDefine() {
        messagesOutside().forEach((type, message) -> {
            int place = type == 'c' ? 5 : 1;
            if ("CcPKrp".indexOf(type) >= 0) {
                byte[] bytes = message.toByteArray();
                bytes[place] = 1;
                assertThat(failure(outside(4), new Bytes().bytes(bytes)))
                        .hasMessageContaining("unknown flags 1 of ")
                        .extracting(ProtocolException::offset)
                        .isEqualTo((long) place);
            }
        });
    }

    @Test
    void rejectsPositionsOfPreparedTransactionsThatAreNotSet() {
        for (Bytes message : List.of(
                PgOutputBytes.beginPrepare(0, 2, TIME, 3, "g"),
                PgOutputBytes.prepare(0, 2, TIME, 3, "g"),
                PgOutputBytes.streamPrepare(0, 2, TIME, 3, "g"))) {
            assertThat(failure(outside(3), message)).hasMessageContaining(": the prepare LSN is not set");
        }
        for (Bytes message : List.of(
                PgOutputBytes.beginPrepare(1, 0, TIME, 3, "g"),
                PgOutputBytes.prepare(1, 0, TIME, 3, "g"),
                PgOutputBytes.commitPrepared(1, 0, TIME, 3, "g"),
                PgOutputBytes.streamPrepare(1, 0, TIME, 3, "g"))) {
            assertThat(failure(outside(3), message)).hasMessageContaining(": the end LSN is not set");
        }
        assertThat(failure(outside(3), PgOutputBytes.commitPrepared(0, 2, TIME, 3, "g")))
                .hasMessage("pgoutput message 'K': the commit LSN is not set (at offset 2)");
        assertThat(failure(outside(3), PgOutputBytes.rollbackPrepared(0, 2, TIME, TIME, 3, "g")))
                .hasMessage("pgoutput message 'r': the prepare end LSN is not set (at offset 2)");
        assertThat(failure(outside(3), PgOutputBytes.rollbackPrepared(1, 0, TIME, TIME, 3, "g")))
                .hasMessage("pgoutput message 'r': the rollback end LSN is not set (at offset 10)");
    }

    private static final TupleData TUPLE = TupleData.read(new ByteCursor(Bytes.of(0, 1, 't', 0, 0, 0, 1, 'x')));

    /** Bytes by hand of each message that has a transaction id inside a block, in front of what it says. */
    private static Map<Bytes, PgOutputMessage> messagesInside(long xid) {
        Bytes tuple = new Bytes().int16(1).int8('t').int32(1).text("x");
        Map<Bytes, PgOutputMessage> messages = new LinkedHashMap<>();
        messages.put(
                new Bytes()
                        .int8('R')
                        .int32(xid)
                        .int32(16_385)
                        .cstring("s")
                        .cstring("t")
                        .int8('d')
                        .int16(1)
                        .int8(1)
                        .cstring("id")
                        .int32(23)
                        .int32(-1),
                new Relation(
                        16_385, "s", "t", ReplicaIdentity.DEFAULT, List.of(new RelationColumn(true, "id", 23, -1))));
        messages.put(
                new Bytes().int8('Y').int32(xid).int32(16_386).cstring("s").cstring("mood"),
                new PgOutputMessage.Type(16_386, "s", "mood"));
        messages.put(
                new Bytes().int8('I').int32(xid).int32(16_385).int8('N').bytes(tuple.toByteArray()),
                new Insert(16_385, TUPLE));
        messages.put(
                new Bytes()
                        .int8('U')
                        .int32(xid)
                        .int32(16_385)
                        .int8('K')
                        .bytes(tuple.toByteArray())
                        .int8('N')
                        .bytes(tuple.toByteArray()),
                new Update(16_385, new OldTuple.Key(TUPLE), TUPLE));
        messages.put(
                new Bytes().int8('D').int32(xid).int32(16_385).int8('O').bytes(tuple.toByteArray()),
                new Delete(16_385, new OldTuple.Full(TUPLE)));
        messages.put(
                new Bytes().int8('T').int32(xid).int32(1).int8(2).int32(16_385),
                new Truncate(List.of(16_385L), false, true));
        messages.put(
                new Bytes()
                        .int8('M')
                        .int32(xid)
                        .int8(1)
                        .int64(8)
                        .cstring("p")
                        .int32(1)
                        .int8(9),
                new LogicalMessage(true, new Lsn(8), "p", ByteSlice.of(new byte[] {9})));
        return messages;
    }

    @Test
    void readsTheTransactionIdInFrontOfAMessageInsideABlock() {
        for (int version = 2; version <= PgOutputDecoder.MAX_PROTOCOL_VERSION; version++) {
            DecoderState state = inside(version);
            messagesInside(GREATEST_XID).forEach((bytes, message) -> {
                PgOutputDecoder decoder = state.decoder();

                assertThat(decode(decoder, bytes)).isEqualTo(message);
                assertThat(decoder.xid()).isEqualTo(4_294_967_295L);
                assertDecodes(state, bytes, message);
            });
        }
    }

    @Test
    void rejectsNoTransactionIdInsideABlock() {
        messagesInside(0)
                .forEach((bytes, message) -> assertThat(failure(inside(2), bytes))
                        .hasMessageContaining("0 is no transaction id")
                        .extracting(ProtocolException::offset)
                        .isEqualTo(1L));
    }

    @Test
    void tellsTheTransactionIdOfTheMessageDecodedLast() {
        PgOutputDecoder decoder = new PgOutputDecoder(2);
        Bytes insert = new Bytes().int8('I').int32(16_385).int8('N').int16(0);

        assertThat(decoder.xid()).isZero();
        decode(decoder, insert);
        assertThat(decoder.xid()).isZero();
        decode(decoder, PgOutputBytes.streamStart(7, true));
        assertThat(decoder.xid()).isZero();
        decode(decoder, PgOutputBytes.streamed(7, insert));
        assertThat(decoder.xid()).isEqualTo(7);
        decode(decoder, PgOutputBytes.streamed(9, insert));
        assertThat(decoder.xid()).isEqualTo(9);
        decode(decoder, new Bytes().int8('O').int64(0).cstring("elsewhere"));
        assertThat(decoder.xid()).isZero();
        decode(decoder, PgOutputBytes.streamed(GREATEST_XID, insert));
        assertThat(decoder.xid()).isEqualTo(GREATEST_XID);
        decode(decoder, PgOutputBytes.streamStop());
        assertThat(decoder.xid()).isZero();
        decode(decoder, insert);
        assertThat(decoder.xid()).isZero();
    }

    @Test
    void decodesAnOriginInsideABlockWithoutATransactionId() {
        assertDecodes(
                inside(2),
                new Bytes().int8('O').int64(0x1_0000_0002L).cstring("pg_16389"),
                new Origin(Lsn.parse("1/2"), "pg_16389"));
    }

    @Test
    void rejectsInsideABlockWhatComesOutsideOnly() {
        messagesOutside().forEach((type, message) -> {
            for (int version = Math.max(firstVersion(type), 2); version <= 4; version++) {
                assertThat(failure(inside(version), message))
                        .hasMessage("pgoutput message '" + type + "': it can't come inside a stream block, and that of"
                                + " transaction 700 is open (at offset 0)");
                assertThat(Decoding.decode(outside(version), message.toByteArray()))
                        .isNotNull();
            }
        });
    }

    @Test
    void rejectsAStreamStopOutsideABlock() {
        assertThat(failure(outside(2), PgOutputBytes.streamStop()))
                .hasMessage("pgoutput message 'E': no stream block is open (at offset 0)");

        PgOutputDecoder decoder = inside(4).decoder();
        decode(decoder, PgOutputBytes.streamStop());
        assertThat(Decoding.failure(decoder::decode, PgOutputBytes.streamStop().toByteArray()))
                .hasMessageContaining("no stream block is open");
    }

    @Test
    void opensAndClosesABlockOnlyWithAWholeMessage() {
        PgOutputDecoder decoder = new PgOutputDecoder(2);
        Bytes insert = new Bytes().int8('I').int32(16_385).int8('N').int16(0);

        Decoding.failure(
                decoder::decode, PgOutputBytes.streamStart(7, true).int8(0).toByteArray());
        decode(decoder, insert);
        decode(decoder, PgOutputBytes.streamStart(7, true));
        Decoding.failure(decoder::decode, PgOutputBytes.streamStop().int8(0).toByteArray());
        decode(decoder, PgOutputBytes.streamed(7, insert));
        assertThat(decoder.xid()).isEqualTo(7);
    }

    @Test
    void decodesAllThatMayFollowABlock() {
        messagesOutside().values().forEach(message -> {
            PgOutputDecoder decoder = inside(4).decoder();
            decode(decoder, PgOutputBytes.streamStop());
            assertThat(decode(decoder, message)).isNotNull();
        });
    }

    @Test
    void rejectsEveryUnknownType() {
        for (int version = 1; version <= 4; version++) {
            for (int type = 0; type < 256; type++) {
                if ("BCORYIUDTMASEcbPKrp".indexOf(type) < 0 || firstVersion((char) type) > version) {
                    assertRejectsAsUnknown(outside(version), type);
                    if (version > 1) {
                        assertRejectsAsUnknown(inside(version), type);
                    }
                }
            }
        }
    }

    private static void assertRejectsAsUnknown(DecoderState state, int type) {
        ProtocolException failure =
                failure(state, new Bytes().int8(type).int64(1).int64(2));
        assertThat(failure).hasMessageContaining("unknown message type");
        assertThat(failure.offset()).isZero();
    }

    @Test
    void refusesParallelStreamingBeforeVersion4() {
        for (int version = 1; version < 4; version++) {
            int before = version;
            assertThatThrownBy(() -> new PgOutputDecoder(before, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("parallel streaming needs protocolVersion 4 or later, was " + before);
        }
    }
}
