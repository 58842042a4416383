// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.backend.BackendMessage.BackendKeyData;
import io.drasi.postgres.protocol.backend.BackendMessage.CommandComplete;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyBothResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyData;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyDone;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyInResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyOutResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.EmptyQueryResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NegotiateProtocolVersion;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NotificationResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ParameterStatus;
import io.drasi.postgres.protocol.backend.BackendMessage.ReadyForQuery;
import io.drasi.postgres.protocol.backend.BackendMessage.RowDescription;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class BackendMessageDecoderTest {
    /** Every type byte that the decoder knows. */
    private static final String TYPES = "dDTCIZENSARKvGHWc";

    private static Function<ByteCursor, BackendMessage> decoder(char type) {
        return body -> BackendMessageDecoder.decode((byte) type, body);
    }

    private static BackendMessage decode(char type, Bytes body) {
        return Decoding.decode(decoder(type), body.toByteArray());
    }

    private static ProtocolException failure(char type, Bytes body) {
        return Decoding.failure(decoder(type), body.toByteArray());
    }

    private static void assertExactLength(char type, Bytes body) {
        Decoding.assertExactLength(decoder(type), body.toByteArray());
    }

    private static ByteSlice slice(int... values) {
        Bytes bytes = new Bytes();
        for (int value : values) {
            bytes.int8(value);
        }
        return ByteSlice.of(bytes.toByteArray());
    }

    @Test
    void decodesTheAuthenticationRequestsWithoutData() {
        assertThat(decode('R', new Bytes().int32(0))).isEqualTo(new Authentication.Ok());
        assertThat(decode('R', new Bytes().int32(2))).isEqualTo(new Authentication.KerberosV5());
        assertThat(decode('R', new Bytes().int32(3))).isEqualTo(new Authentication.CleartextPassword());
        assertThat(decode('R', new Bytes().int32(7))).isEqualTo(new Authentication.Gss());
        assertThat(decode('R', new Bytes().int32(9))).isEqualTo(new Authentication.Sspi());
        for (int code : new int[] {0, 2, 3, 7, 9}) {
            assertExactLength('R', new Bytes().int32(code));
        }
    }

    @Test
    void decodesMd5Password() {
        Bytes body = new Bytes().int32(5).int8(1).int8(2).int8(3).int8(255);

        assertThat(decode('R', body)).isEqualTo(new Authentication.Md5Password(slice(1, 2, 3, 255)));
        assertExactLength('R', body);
    }

    @Test
    void decodesSaslMechanisms() {
        Bytes body = new Bytes()
                .int32(10)
                .cstring("SCRAM-SHA-256-PLUS")
                .cstring("SCRAM-SHA-256")
                .int8(0);

        assertThat(decode('R', body))
                .isEqualTo(new Authentication.Sasl(List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")));
        assertExactLength('R', body);
    }

    @Test
    void decodesTheDataOfAnAuthenticationExchangeAsACopy() {
        byte[] body = new Bytes().int32(11).text("r=x").toByteArray();
        Authentication.SaslContinue message =
                (Authentication.SaslContinue) BackendMessageDecoder.decode((byte) 'R', new ByteCursor(body));
        body[4] = 'z';

        assertThat(message.data().utf8()).isEqualTo("r=x");
        assertThat(decode('R', new Bytes().int32(12).text("v=")))
                .isEqualTo(new Authentication.SaslFinal(slice('v', '=')));
        assertThat(decode('R', new Bytes().int32(8).text("g"))).isEqualTo(new Authentication.GssContinue(slice('g')));
    }

    @Test
    void keepsTheCodeOfAnUnknownAuthenticationRequest() {
        assertThat(decode('R', new Bytes().int32(6))).isEqualTo(new Authentication.Unsupported(6));
        assertThat(decode('R', new Bytes().int32(99).text("whatever"))).isEqualTo(new Authentication.Unsupported(99));
        assertThat(decode('R', new Bytes().int32(-1))).isEqualTo(new Authentication.Unsupported(-1));
    }

    @Test
    void decodesBackendKeyData() {
        assertThat(decode('K', new Bytes().int32(4711).int32(0x01020304)))
                .isEqualTo(new BackendKeyData(4711, slice(1, 2, 3, 4)))
                .asString()
                .doesNotContain("01020304");
        Decoding.assertRejectsEveryPrefix(
                decoder('K'), new Bytes().int32(4711).int32(1).toByteArray(), 4);
    }

    @Test
    void decodesParameterStatus() {
        Bytes body = new Bytes().cstring("server_version").cstring("18.6");

        assertThat(decode('S', body)).isEqualTo(new ParameterStatus("server_version", "18.6"));
        assertExactLength('S', body);
    }

    @Test
    void decodesNegotiateProtocolVersion() {
        Bytes body = new Bytes().int32(196_608).int32(2).cstring("_pq_.a").cstring("_pq_.b");

        assertThat(decode('v', body)).isEqualTo(new NegotiateProtocolVersion(196_608, List.of("_pq_.a", "_pq_.b")));
        assertExactLength('v', body);
        assertThat(failure('v', new Bytes().int32(196_608).int32(Integer.MAX_VALUE))
                        .offset())
                .isEqualTo(4);
        assertThat(failure('v', new Bytes().int32(196_608).int32(-1)).offset()).isEqualTo(4);
    }

    @Test
    void decodesReadyForQuery() {
        assertThat(decode('Z', new Bytes().int8('I'))).isEqualTo(new ReadyForQuery(TransactionStatus.IDLE));
        assertThat(decode('Z', new Bytes().int8('T'))).isEqualTo(new ReadyForQuery(TransactionStatus.IN_TRANSACTION));
        assertThat(decode('Z', new Bytes().int8('E'))).isEqualTo(new ReadyForQuery(TransactionStatus.FAILED));
        assertExactLength('Z', new Bytes().int8('I'));
        assertThat(failure('Z', new Bytes().int8('X')))
                .hasMessage("backend message 'Z': unknown transaction status 0x58 (at offset 0)");
    }

    private static Bytes allErrorFields() {
        return new Bytes()
                .int8('S')
                .cstring("FEHLER")
                .int8('V')
                .cstring("ERROR")
                .int8('C')
                .cstring("42P01")
                .int8('M')
                .cstring("Relation »x« existiert nicht")
                .int8('D')
                .cstring("detail")
                .int8('H')
                .cstring("hint")
                .int8('P')
                .cstring("15")
                .int8('p')
                .cstring("3")
                .int8('q')
                .cstring("SELECT x")
                .int8('W')
                .cstring("where")
                .int8('s')
                .cstring("schema")
                .int8('t')
                .cstring("table")
                .int8('c')
                .cstring("column")
                .int8('d')
                .cstring("type")
                .int8('n')
                .cstring("constraint")
                .int8('F')
                .cstring("parse_relation.c")
                .int8('L')
                .cstring("1449")
                .int8('R')
                .cstring("parserOpenTable")
                .int8('?')
                .cstring("of a later version")
                .int8(0);
    }

    @Test
    void decodesEveryFieldOfAnError() {
        ServerMessage message = ((ErrorResponse) decode('E', allErrorFields())).message();

        assertThat(message.severity()).isEqualTo("ERROR");
        assertThat(message.sqlState()).isEqualTo("42P01");
        assertThat(message.message()).isEqualTo("Relation »x« existiert nicht");
        assertThat(message.detail()).contains("detail");
        assertThat(message.hint()).contains("hint");
        assertThat(message.position()).contains("15");
        assertThat(message.internalPosition()).contains("3");
        assertThat(message.internalQuery()).contains("SELECT x");
        assertThat(message.where()).contains("where");
        assertThat(message.schema()).contains("schema");
        assertThat(message.table()).contains("table");
        assertThat(message.column()).contains("column");
        assertThat(message.dataType()).contains("type");
        assertThat(message.constraint()).contains("constraint");
        assertThat(message.file()).contains("parse_relation.c");
        assertThat(message.line()).contains("1449");
        assertThat(message.routine()).contains("parserOpenTable");
        assertThat(message.fields()).containsEntry('?', "of a later version").hasSize(19);
    }

    @Test
    void rejectsEveryTruncationOfAnErrorAndTrailingBytes() {
        assertExactLength('E', allErrorFields());
        assertExactLength('N', allErrorFields());
    }

    @Test
    void decodesANoticeWithTheLeastFields() {
        ServerMessage message = ((NoticeResponse) decode(
                        'N',
                        new Bytes()
                                .int8('S')
                                .cstring("WARNING")
                                .int8('C')
                                .cstring("01000")
                                .int8('M')
                                .cstring("careful")
                                .int8(0)))
                .message();

        assertThat(message.severity()).isEqualTo("WARNING");
        assertThat(message.detail()).isEmpty();
        assertThat(message.hint()).isEmpty();
        assertThat(message.routine()).isEmpty();
    }

    @Test
    void rejectsAnErrorWithoutTheFieldsThatEveryErrorHas() {
        assertThat(failure(
                        'E',
                        new Bytes()
                                .int8('S')
                                .cstring("ERROR")
                                .int8('C')
                                .cstring("XX000")
                                .int8(0)))
                .hasMessageContaining("must have the field M");
        assertThat(failure(
                        'E',
                        new Bytes()
                                .int8('S')
                                .cstring("ERROR")
                                .int8('M')
                                .cstring("m")
                                .int8(0)))
                .hasMessageContaining("must have the field C");
        assertThat(failure('E', new Bytes().int8(0))).hasMessageContaining("must have the field S");
    }

    @Test
    void showsAnErrorThatIsNotInUtf8() {
        ErrorResponse error = (ErrorResponse) decode(
                'E',
                new Bytes()
                        .int8('S')
                        .cstring("FATAL")
                        .int8('C')
                        .cstring("28000")
                        .int8('M')
                        .text("ung")
                        .int8(0xFC)
                        .text("ltig")
                        .int8(0)
                        .int8(0));

        assertThat(error.message().message()).isEqualTo("ung\uFFFDltig");
    }

    @Test
    void decodesNotificationResponse() {
        Bytes body = new Bytes().int32(77).cstring("channel").cstring("payload");

        assertThat(decode('A', body)).isEqualTo(new NotificationResponse(77, "channel", "payload"));
        assertExactLength('A', body);
    }

    @Test
    void decodesRowDescriptionWithUnsignedOidsAndSignedSizes() {
        Bytes body = new Bytes()
                .int16(2)
                .cstring("größe")
                .int32(0xFFFF_FFFEL)
                .int16(-6)
                .int32(0xFFFF_FFFFL)
                .int16(-1)
                .int32(-1)
                .int16(0)
                .cstring("")
                .int32(0)
                .int16(0)
                .int32(23)
                .int16(4)
                .int32(1044)
                .int16(1);

        assertThat(decode('T', body))
                .isEqualTo(new RowDescription(List.of(
                        new Field("größe", 4_294_967_294L, -6, 4_294_967_295L, -1, -1, Format.TEXT),
                        new Field("", 0, 0, 23, 4, 1044, Format.BINARY))));
        assertExactLength('T', body);
        assertExactLength('T', new Bytes().int16(0));
    }

    @Test
    void rejectsAFieldCountThatIsNotThere() {
        assertThat(failure('T', new Bytes().int16(0xFFFF)).offset()).isEqualTo(2);
    }

    @Test
    void decodesDataRow() {
        Bytes body = new Bytes()
                .int16(4)
                .int32(3)
                .text("abc")
                .int32(-1)
                .int32(0)
                .int32(2)
                .text("é");
        DataRow row = (DataRow) decode('D', body);

        assertThat(row.size()).isEqualTo(4);
        assertThat(row.text(0)).contains("abc");
        assertThat(row.isNull(0)).isFalse();
        assertThat(row.isNull(1)).isTrue();
        assertThat(row.text(1)).isEmpty();
        assertThat(row.text(2)).contains("");
        assertThat(row.isNull(2)).isFalse();
        assertThat(row.value(3)).isEqualTo(slice(0xC3, 0xA9));
        assertExactLength('D', body);
        assertExactLength('D', new Bytes().int16(0));
    }

    @Test
    void doesNotGiveBytesForNullOrForAColumnThatIsNotThere() {
        DataRow row = (DataRow) decode('D', new Bytes().int16(1).int32(-1));

        assertThatThrownBy(() -> row.value(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> row.isNull(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> row.value(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void rejectsLengthsInADataRowThatAreNegativeOrTooGreat() {
        for (long length : new long[] {-2, Integer.MIN_VALUE, 4, Integer.MAX_VALUE}) {
            assertThat(failure('D', new Bytes().int16(1).int32(length).text("abc"))
                            .offset())
                    .isEqualTo(6);
        }
    }

    @Test
    void decodesTheEndOfAQuery() {
        assertThat(decode('C', new Bytes().cstring("SELECT 5"))).isEqualTo(new CommandComplete("SELECT 5"));
        assertExactLength('C', new Bytes().cstring("SELECT 5"));
        assertThat(decode('I', new Bytes())).isEqualTo(new EmptyQueryResponse());
        assertExactLength('I', new Bytes());
    }

    @Test
    void decodesTheBeginningOfACopy() {
        Bytes body = new Bytes().int8(1).int16(2).int16(1).int16(0);
        List<Format> columns = List.of(Format.BINARY, Format.TEXT);

        assertThat(decode('G', body)).isEqualTo(new CopyInResponse(Format.BINARY, columns));
        assertThat(decode('H', body)).isEqualTo(new CopyOutResponse(Format.BINARY, columns));
        assertThat(decode('W', new Bytes().int8(0).int16(0))).isEqualTo(new CopyBothResponse(Format.TEXT, List.of()));
        for (char type : "GHW".toCharArray()) {
            assertExactLength(type, body);
            assertThat(failure(type, new Bytes().int8(2).int16(0)).offset()).isZero();
            assertThat(failure(type, new Bytes().int8(0).int16(1).int16(2)).offset())
                    .isEqualTo(3);
            assertThat(failure(type, new Bytes().int8(0).int16(0xFFFF).int16(0)).offset())
                    .isEqualTo(5);
        }
    }

    @Test
    void borrowsCopyData() {
        byte[] array = new Bytes().text("..row").toByteArray();
        CopyData message = (CopyData) BackendMessageDecoder.decode((byte) 'd', new ByteCursor(array, 2, 5));

        assertThat(message.data().array()).isSameAs(array);
        assertThat(message.data().utf8()).isEqualTo("row");
        assertThat(decode('d', new Bytes())).isEqualTo(new CopyData(ByteSlice.empty()));
    }

    @Test
    void decodesCopyDone() {
        assertThat(decode('c', new Bytes())).isEqualTo(new CopyDone());
        assertExactLength('c', new Bytes());
    }

    @Test
    void rejectsEveryUnknownType() {
        for (int type = 0; type < 256; type++) {
            if (TYPES.indexOf(type) < 0) {
                assertThat(failure((char) type, new Bytes().int64(0)))
                        .hasMessageContaining("unknown message type")
                        .extracting(ProtocolException::offset)
                        .isEqualTo(0L);
            }
        }
        assertThat(failure('\0', new Bytes())).hasMessageContaining("0x0");
        assertThat(failure('\u00e9', new Bytes())).hasMessageContaining("0xe9");
    }

    @Test
    void neverFailsInAnotherWayThanWithAProtocolException() {
        Property.forAll(20_000, random -> {
            byte type = (byte) TYPES.charAt(random.nextInt(TYPES.length()));
            byte[] body = randomBody(random);
            try {
                BackendMessageDecoder.decode(type, new ByteCursor(body));
            } catch (ProtocolException e) {
                assertThat(e.offset()).isBetween(0L, (long) body.length);
            }
        });
    }

    /** Small numbers and letters mostly, so that counts, codes and strings are often valid. */
    private static byte[] randomBody(Random random) {
        byte[] body = new byte[random.nextInt(60)];
        for (int i = 0; i < body.length; i++) {
            body[i] = switch (random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> (byte) random.nextInt(13);
                case 2 -> (byte) ('A' + random.nextInt(58));
                default -> (byte) random.nextInt();
            };
        }
        return body;
    }
}
