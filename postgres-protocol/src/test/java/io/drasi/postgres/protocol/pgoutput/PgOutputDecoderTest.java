// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The messages of protocol version 1; {@link PgOutputVersionsTest} has what later ones add. */
class PgOutputDecoderTest {
    private static final long GREATEST_OID = 4_294_967_295L;

    private final PgOutputDecoder decoder = new PgOutputDecoder(1);

    private PgOutputMessage decode(Bytes message) {
        return Decoding.decode(decoder::decode, message.toByteArray());
    }

    private ProtocolException failure(Bytes message) {
        return Decoding.failure(decoder::decode, message.toByteArray());
    }

    private void assertExactLength(Bytes message) {
        Decoding.assertExactLength(decoder::decode, message.toByteArray());
    }

    /** A tuple with a value of each kind. */
    private static Bytes everyKind(Bytes message) {
        return message.int16(5)
                .int8('t')
                .int32(3)
                .text("é!")
                .int8('n')
                .int8('u')
                .int8('b')
                .int32(2)
                .int8(0)
                .int8(0xFF)
                .int8('t')
                .int32(0);
    }

    private static TupleData tuple(Bytes bytes) {
        return TupleData.read(new ByteCursor(bytes.toByteArray()));
    }

    private static final TupleData EVERY_KIND = tuple(everyKind(new Bytes()));

    private static Bytes key(Bytes message) {
        return message.int16(2).int8('t').int32(1).text("7").int8('n');
    }

    private static final TupleData KEY = tuple(key(new Bytes()));

    @Test
    void decodesBegin() {
        Bytes message =
                new Bytes().int8('B').int64(0xFFFF_FFFF_0000_0001L).int64(-5).int32(0xFFFF_FFF0L);

        assertThat(decode(message)).isEqualTo(new Begin(Lsn.parse("FFFFFFFF/1"), -5, 4_294_967_280L));
        assertExactLength(message);
    }

    @Test
    void decodesCommit() {
        Bytes message = new Bytes()
                .int8('C')
                .int8(0)
                .int64(0x16_B374_D848L)
                .int64(0x16_B374_D880L)
                .int64(757_382_400_000_001L);

        assertThat(decode(message))
                .isEqualTo(new Commit(0, Lsn.parse("16/B374D848"), Lsn.parse("16/B374D880"), 757_382_400_000_001L));
        assertExactLength(message);
    }

    @Test
    void rejectsCommitFlagsThatPostgresqlDoesNotDefine() {
        Bytes message = new Bytes().int8('C').int8(1).int64(1).int64(2).int64(3);

        assertThat(failure(message)).hasMessage("pgoutput message 'C': unknown flags 1 of a commit (at offset 1)");
    }

    @Test
    void namesAnUnknownMessageByItsLetterOrItsNumber() {
        assertThat(failure(new Bytes().int8('!')))
                .hasMessage("pgoutput message '!': unknown message type (at offset 0)");
        assertThat(failure(new Bytes().int8('~')))
                .hasMessage("pgoutput message '~': unknown message type (at offset 0)");
        for (int type : new int[] {0, 0x20, 0x7F, 0xFF}) {
            assertThat(failure(new Bytes().int8(type)))
                    .hasMessage(
                            "pgoutput message 0x" + Integer.toHexString(type) + ": unknown message type (at offset 0)");
        }
    }

    @Test
    void rejectsMoreColumnsOfARelationThanItHasBytesFor() {
        Bytes message = new Bytes()
                .int8('R')
                .int32(1)
                .cstring("")
                .cstring("t")
                .int8('d')
                .int16(2)
                .int8(0)
                .cstring("c")
                .int32(23)
                .int32(-1);

        assertThat(failure(message))
                .hasMessage("pgoutput message 'R': 2 columns don't fit into the 11 bytes left (at offset 9)");
    }

    @Test
    void decodesOrigin() {
        Bytes message = new Bytes().int8('O').int64(0x1_0000_0002L).cstring("pg_16389");

        assertThat(decode(message)).isEqualTo(new Origin(Lsn.parse("1/2"), "pg_16389"));
        assertExactLength(message);
    }

    private static Bytes relation(String namespace, int identity) {
        return new Bytes()
                .int8('R')
                .int32(GREATEST_OID)
                .cstring(namespace)
                .cstring("Größen \"x\"")
                .int8(identity)
                .int16(2)
                .int8(1)
                .cstring("id")
                .int32(23)
                .int32(-1)
                .int8(0)
                .cstring("naïve spalte")
                .int32(GREATEST_OID - 1)
                .int32(1_048_582);
    }

    @Test
    void decodesRelation() {
        assertThat(decode(relation("shop", 'd')))
                .isEqualTo(new Relation(
                        4_294_967_295L,
                        "shop",
                        "Größen \"x\"",
                        ReplicaIdentity.DEFAULT,
                        List.of(
                                new RelationColumn(true, "id", 23, -1),
                                new RelationColumn(false, "naïve spalte", 4_294_967_294L, 1_048_582))));
        assertExactLength(relation("shop", 'd'));
    }

    @Test
    void decodesARelationWithoutColumns() {
        Bytes message = new Bytes()
                .int8('R')
                .int32(1)
                .cstring("s")
                .cstring("t")
                .int8('n')
                .int16(0);

        assertThat(decode(message)).isEqualTo(new Relation(1, "s", "t", ReplicaIdentity.NOTHING, List.of()));
        assertExactLength(message);
    }

    @Test
    void decodesEveryReplicaIdentity() {
        assertThat(identity('d')).isEqualTo(ReplicaIdentity.DEFAULT);
        assertThat(identity('n')).isEqualTo(ReplicaIdentity.NOTHING);
        assertThat(identity('f')).isEqualTo(ReplicaIdentity.FULL);
        assertThat(identity('i')).isEqualTo(ReplicaIdentity.INDEX);
        assertThat(failure(relation("shop", 'x')))
                .hasMessageContaining("unknown replica identity 'x'")
                .extracting(ProtocolException::offset)
                .isEqualTo(23L);
    }

    private ReplicaIdentity identity(char letter) {
        return ((Relation) decode(relation("shop", letter))).identity();
    }

    @Test
    void takesAnEmptyNamespaceForPgCatalog() {
        assertThat(((Relation) decode(relation("", 'd'))).namespace()).isEqualTo("pg_catalog");
        assertThat(((PgOutputMessage.Type) decode(
                                new Bytes().int8('Y').int32(1).cstring("").cstring("t")))
                        .namespace())
                .isEqualTo("pg_catalog");
    }

    @Test
    void rejectsUnknownColumnFlags() {
        Bytes message = new Bytes()
                .int8('R')
                .int32(1)
                .cstring("s")
                .cstring("t")
                .int8('d')
                .int16(1)
                .int8(2)
                .cstring("c")
                .int32(23)
                .int32(-1);

        assertThat(failure(message))
                .hasMessageContaining("expected 0 or 1, found 2")
                .extracting(ProtocolException::offset)
                .isEqualTo(12L);
    }

    @Test
    void rejectsAColumnCountThatIsNotThere() {
        Bytes message = new Bytes()
                .int8('R')
                .int32(1)
                .cstring("s")
                .cstring("t")
                .int8('d')
                .int16(0xFFFF);

        assertThat(failure(message))
                .hasMessageContaining("65535 columns")
                .extracting(ProtocolException::offset)
                .isEqualTo(10L);
    }

    @Test
    void decodesType() {
        Bytes message =
                new Bytes().int8('Y').int32(GREATEST_OID).cstring("shop").cstring("stimmung");

        assertThat(decode(message)).isEqualTo(new PgOutputMessage.Type(4_294_967_295L, "shop", "stimmung"));
        assertExactLength(message);
    }

    @Test
    void decodesInsert() {
        Bytes message = everyKind(new Bytes().int8('I').int32(GREATEST_OID).int8('N'));

        assertThat(decode(message)).isEqualTo(new Insert(4_294_967_295L, EVERY_KIND));
        assertExactLength(message);
    }

    @Test
    void rejectsAnInsertWithAnotherTupleThanANewOne() {
        for (char marker : "KOn\0é".toCharArray()) {
            assertThat(failure(everyKind(new Bytes().int8('I').int32(1).int8(marker))))
                    .hasMessageContaining("expected a new tuple (N)")
                    .extracting(ProtocolException::offset)
                    .isEqualTo(5L);
        }
    }

    @Test
    void decodesUpdateWithoutAnOldTuple() {
        Bytes message = everyKind(new Bytes().int8('U').int32(GREATEST_OID).int8('N'));

        assertThat(decode(message)).isEqualTo(new Update(4_294_967_295L, new OldTuple.None(), EVERY_KIND));
        assertExactLength(message);
    }

    @Test
    void decodesUpdateWithAnOldKey() {
        Bytes message =
                everyKind(key(new Bytes().int8('U').int32(16_385).int8('K')).int8('N'));

        assertThat(decode(message)).isEqualTo(new Update(16_385, new OldTuple.Key(KEY), EVERY_KIND));
        assertExactLength(message);
    }

    @Test
    void decodesUpdateWithAFullOldTuple() {
        Bytes message =
                everyKind(key(new Bytes().int8('U').int32(16_385).int8('O')).int8('N'));

        assertThat(decode(message)).isEqualTo(new Update(16_385, new OldTuple.Full(KEY), EVERY_KIND));
        assertExactLength(message);
    }

    @Test
    void rejectsAnUpdateWithUnknownOrRepeatedMarkers() {
        assertThat(failure(everyKind(new Bytes().int8('U').int32(1).int8('X'))))
                .hasMessageContaining("found 'X'")
                .extracting(ProtocolException::offset)
                .isEqualTo(5L);
        assertThat(failure(
                        everyKind(key(new Bytes().int8('U').int32(1).int8('K')).int8('O'))))
                .hasMessageContaining("found 'O'")
                .extracting(ProtocolException::offset)
                .isEqualTo(15L);
    }

    @Test
    void decodesDeleteWithAnOldKeyOrAFullOldTuple() {
        Bytes byKey = key(new Bytes().int8('D').int32(GREATEST_OID).int8('K'));
        Bytes byRow = everyKind(new Bytes().int8('D').int32(16_385).int8('O'));

        assertThat(decode(byKey)).isEqualTo(new Delete(4_294_967_295L, new OldTuple.Key(KEY)));
        assertThat(decode(byRow)).isEqualTo(new Delete(16_385, new OldTuple.Full(EVERY_KIND)));
        assertExactLength(byKey);
        assertExactLength(byRow);
    }

    @Test
    void rejectsADeleteWithAnotherTupleThanAnOldOne() {
        for (char marker : "NX\0é".toCharArray()) {
            assertThat(failure(key(new Bytes().int8('D').int32(1).int8(marker))))
                    .hasMessageContaining("expected an old tuple (K or O)")
                    .extracting(ProtocolException::offset)
                    .isEqualTo(5L);
        }
    }

    @Test
    void decodesTruncateWithEveryCombinationOfItsOptions() {
        for (int options = 0; options < 4; options++) {
            Bytes message =
                    new Bytes().int8('T').int32(2).int8(options).int32(16_385).int32(GREATEST_OID);

            assertThat(decode(message))
                    .isEqualTo(new Truncate(List.of(16_385L, 4_294_967_295L), (options & 1) != 0, (options & 2) != 0));
            assertExactLength(message);
        }
    }

    @Test
    void rejectsUnknownOptionsOfATruncate() {
        assertThat(failure(new Bytes().int8('T').int32(1).int8(4).int32(1)))
                .hasMessageContaining("unknown options 4")
                .extracting(ProtocolException::offset)
                .isEqualTo(5L);
    }

    @Test
    void rejectsACountOfTruncatedRelationsThatIsNotThere() {
        for (long count : new long[] {-1, 0, 2, Integer.MAX_VALUE, 0x4000_0001L}) {
            assertThat(failure(new Bytes().int8('T').int32(count).int8(0).int32(1)))
                    .hasMessageContaining("relations don't fit");
        }
    }

    @Test
    void decodesLogicalMessages() {
        Bytes transactional = new Bytes()
                .int8('M')
                .int8(1)
                .int64(0x1_0000_0002L)
                .cstring("präfix")
                .int32(2)
                .int8(0)
                .int8(0xFF);
        Bytes empty = new Bytes().int8('M').int8(0).int64(3).cstring("").int32(0);

        assertThat(decode(transactional))
                .isEqualTo(new LogicalMessage(
                        true, Lsn.parse("1/2"), "präfix", ByteSlice.of(new byte[] {0, (byte) 0xFF})));
        assertThat(decode(empty)).isEqualTo(new LogicalMessage(false, Lsn.parse("0/3"), "", ByteSlice.empty()));
        assertExactLength(transactional);
        assertExactLength(empty);
    }

    @Test
    void rejectsUnknownFlagsAndNegativeLengthsOfALogicalMessage() {
        assertThat(failure(new Bytes().int8('M').int8(2).int64(3).cstring("p").int32(0))
                        .offset())
                .isEqualTo(1);
        assertThat(failure(new Bytes().int8('M').int8(0).int64(3).cstring("p").int32(-1))
                        .offset())
                .isEqualTo(16);
    }

    @Test
    void decodesStreamAbortInVersion1OutsideAStreamBlock() {
        Bytes message = new Bytes().int8('A').int32(0xFFFF_FFFEL).int32(0xFFFF_FFFFL);

        assertThat(decode(message)).isEqualTo(new StreamAbort(4_294_967_294L, 4_294_967_295L));
        assertExactLength(message);
    }

    @Test
    void rejectsEveryUnknownType() {
        for (int type = 0; type < 256; type++) {
            if ("BCORYIUDTMA".indexOf(type) < 0) {
                assertThat(failure(new Bytes().int8(type).int64(0).int64(0)))
                        .hasMessageContaining("unknown message type")
                        .extracting(ProtocolException::offset)
                        .isEqualTo(0L);
            }
        }
        assertThat(failure(new Bytes().int8('S'))).hasMessageContaining("'S'");
        assertThat(failure(new Bytes().int8(0xE9))).hasMessageContaining("0xe9");
    }

    @Test
    void rejectsNamesThatAreNotUtf8() {
        Bytes message = new Bytes()
                .int8('Y')
                .int32(1)
                .cstring("s")
                .text("na")
                .int8(0xEF)
                .text("ve")
                .int8(0);

        assertThat(failure(message)).hasMessage("pgoutput message 'Y': malformed UTF-8 (at offset 9)");
    }

    @Test
    void namesTheMessageAndThePlaceOfWhatIsMissing() {
        assertThat(failure(new Bytes()
                        .int8('I')
                        .int32(1)
                        .int8('N')
                        .int16(1)
                        .int8('t')
                        .int32(3)
                        .text("ab")))
                .hasMessage("pgoutput message 'I': need 3 bytes, 2 left (at offset 13)");
    }

    @Test
    void borrowsWhatItDecodes() {
        byte[] array = everyKind(new Bytes().int8('I').int32(1).int8('N')).toByteArray();
        Insert message = (Insert) decoder.decode(new ByteCursor(array));

        assertThat(message.newTuple().array()).isSameAs(array);
    }

    @Test
    void refusesProtocolVersionsThatItDoesNotKnow() {
        for (int version : new int[] {-1, 0, 5}) {
            assertThatThrownBy(() -> new PgOutputDecoder(version))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("was " + version);
        }
    }
}
