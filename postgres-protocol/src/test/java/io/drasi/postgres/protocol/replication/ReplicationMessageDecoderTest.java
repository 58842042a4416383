// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.replication.ReplicationMessage.PrimaryKeepalive;
import io.drasi.postgres.protocol.replication.ReplicationMessage.XLogData;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ReplicationMessageDecoderTest {
    private static final int X_LOG_DATA_HEADER = 25;

    private static Bytes xLogData() {
        return new Bytes()
                .int8('w')
                .int64(0x16_B374_D848L)
                .int64(0xFFFF_FFFF_0000_0001L)
                .int64(757_382_400_000_001L);
    }

    private static byte[] keepalive(int reply) {
        return new Bytes()
                .int8('k')
                .int64(0xFFFF_FFFF_0000_0001L)
                .int64(-1)
                .int8(reply)
                .toByteArray();
    }

    @Test
    void decodesXLogData() {
        assertThat(Decoding.decode(
                        ReplicationMessageDecoder::decode,
                        xLogData().text("data").toByteArray()))
                .isEqualTo(new XLogData(
                        Lsn.parse("16/B374D848"),
                        Lsn.parse("FFFFFFFF/1"),
                        757_382_400_000_001L,
                        ByteSlice.of("data".getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void borrowsTheDataOfXLogData() {
        byte[] array = xLogData().text("data").toByteArray();
        XLogData message = (XLogData) ReplicationMessageDecoder.decode(new ByteCursor(array));

        assertThat(message.data().array()).isSameAs(array);
        assertThat(message.data().offset()).isEqualTo(X_LOG_DATA_HEADER);
    }

    @Test
    void rejectsEveryTruncationOfXLogDatasHeader() {
        Decoding.assertRejectsEveryPrefix(
                ReplicationMessageDecoder::decode, xLogData().toByteArray(), X_LOG_DATA_HEADER);
    }

    @Test
    void decodesPrimaryKeepalive() {
        assertThat(Decoding.decode(ReplicationMessageDecoder::decode, keepalive(1)))
                .isEqualTo(new PrimaryKeepalive(Lsn.parse("FFFFFFFF/1"), -1, true));
        assertThat(Decoding.decode(ReplicationMessageDecoder::decode, keepalive(0)))
                .isEqualTo(new PrimaryKeepalive(Lsn.parse("FFFFFFFF/1"), -1, false));
    }

    @Test
    void rejectsEveryTruncationOfAPrimaryKeepaliveAndTrailingBytes() {
        Decoding.assertExactLength(ReplicationMessageDecoder::decode, keepalive(1));
    }

    @Test
    void rejectsAnUnknownReplyFlag() {
        assertThat(Decoding.failure(ReplicationMessageDecoder::decode, keepalive(2)))
                .hasMessage("replication message: expected 0 or 1, found 2 (at offset 17)");
    }

    @Test
    void rejectsEveryUnknownType() {
        byte[] message = Arrays.copyOf(keepalive(1), 100);
        for (int type = 0; type < 256; type++) {
            if (type != 'w' && type != 'k') {
                message[0] = (byte) type;
                assertThat(Decoding.failure(ReplicationMessageDecoder::decode, message))
                        .hasMessage("replication message: unknown type byte 0x%x (at offset 0)", type);
            }
        }
    }
}
