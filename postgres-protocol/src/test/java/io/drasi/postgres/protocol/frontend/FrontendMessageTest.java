// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.frontend.FrontendMessage.CancelRequest;
import io.drasi.postgres.protocol.frontend.FrontendMessage.CopyData;
import io.drasi.postgres.protocol.frontend.FrontendMessage.CopyDone;
import io.drasi.postgres.protocol.frontend.FrontendMessage.CopyFail;
import io.drasi.postgres.protocol.frontend.FrontendMessage.PasswordMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage.Query;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SaslInitialResponse;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SaslResponse;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SslRequest;
import io.drasi.postgres.protocol.frontend.FrontendMessage.StandbyStatusUpdate;
import io.drasi.postgres.protocol.frontend.FrontendMessage.StartupMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage.Terminate;
import io.drasi.postgres.protocol.wire.ByteWriter;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FrontendMessageTest {
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertEncodes(FrontendMessage message, Bytes expected) {
        ByteWriter writer = new ByteWriter();
        writer.writeByte('.');
        message.encode(writer);
        assertThat(writer.toByteArray())
                .isEqualTo(new Bytes().int8('.').bytes(expected.toByteArray()).toByteArray());
    }

    @Test
    void encodesSslRequest() {
        assertEncodes(new SslRequest(), new Bytes().int32(8).int16(1234).int16(5679));
    }

    @Test
    void encodesCancelRequest() {
        assertEncodes(
                new CancelRequest(77, new byte[] {1, 2, 3, 4}),
                new Bytes().int32(16).int16(1234).int16(5678).int32(77).int32(0x01020304));
    }

    @Test
    void encodesStartupMessageWithItsParametersInOrder() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("user", "drasi");
        parameters.put("database", "läden");
        parameters.put("replication", "database");
        parameters.put("DateStyle", "");
        StartupMessage message = new StartupMessage(parameters);
        parameters.clear();

        assertEncodes(
                message,
                new Bytes()
                        .int32(4 + 4 + 5 + 6 + 9 + 7 + 12 + 9 + 10 + 1 + 1)
                        .int16(3)
                        .int16(0)
                        .cstring("user")
                        .cstring("drasi")
                        .cstring("database")
                        .cstring("läden")
                        .cstring("replication")
                        .cstring("database")
                        .cstring("DateStyle")
                        .cstring("")
                        .int8(0));
    }

    @Test
    void refusesAStartupParameterWithoutAName() {
        assertThatThrownBy(() -> new StartupMessage(Map.of("", "x"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void encodesPasswordMessage() {
        assertEncodes(
                new PasswordMessage(utf8("geheim")),
                new Bytes().int8('p').int32(11).cstring("geheim"));
    }

    @Test
    void refusesAPasswordThatWouldEndEarly() {
        assertThatThrownBy(() -> new PasswordMessage(new byte[] {'a', 0, 'b'}).encode(new ByteWriter()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("a\0b");
    }

    @Test
    void encodesSaslMessages() {
        assertEncodes(
                new SaslInitialResponse("SCRAM-SHA-256", utf8("n,,n=,r=x")),
                new Bytes()
                        .int8('p')
                        .int32(4 + 14 + 4 + 9)
                        .cstring("SCRAM-SHA-256")
                        .int32(9)
                        .text("n,,n=,r=x"));
        assertEncodes(
                new SaslResponse(utf8("c=biws")),
                new Bytes().int8('p').int32(10).text("c=biws"));
    }

    @Test
    void encodesQuery() {
        assertEncodes(
                new Query("IDENTIFY_SYSTEM"), new Bytes().int8('Q').int32(20).cstring("IDENTIFY_SYSTEM"));
    }

    @Test
    void refusesAQueryThatWouldEndEarly() {
        assertThatThrownBy(() -> new Query("SELECT 1\0").encode(new ByteWriter()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void encodesCopyMessages() {
        assertEncodes(
                new CopyData(new byte[] {1, 2}),
                new Bytes().int8('d').int32(6).int8(1).int8(2));
        assertEncodes(new CopyDone(), new Bytes().int8('c').int32(4));
        assertEncodes(new CopyFail("no"), new Bytes().int8('f').int32(7).cstring("no"));
    }

    @Test
    void encodesTerminate() {
        assertEncodes(new Terminate(), new Bytes().int8('X').int32(4));
    }

    @Test
    void encodesStandbyStatusUpdateAsCopyData() {
        for (boolean replyRequested : new boolean[] {false, true}) {
            assertEncodes(
                    new StandbyStatusUpdate(
                            Lsn.parse("16/B374D848"), Lsn.parse("16/1"), Lsn.parse("FFFFFFFF/0"), -5, replyRequested),
                    new Bytes()
                            .int8('d')
                            .int32(38)
                            .int8('r')
                            .int64(0x16_B374_D848L)
                            .int64(0x16_0000_0001L)
                            .int64(0xFFFF_FFFF_0000_0000L)
                            .int64(-5)
                            .int8(replyRequested ? 1 : 0));
        }
    }

    @Test
    void neverPrintsSecrets() {
        byte[] secret = utf8("geheim");

        assertThat(new PasswordMessage(secret).toString()).doesNotContain("geheim", "676568");
        assertThat(new SaslInitialResponse("SCRAM-SHA-256", secret).toString())
                .contains("SCRAM-SHA-256")
                .doesNotContain("geheim", "676568");
        assertThat(new SaslResponse(secret).toString()).doesNotContain("geheim", "676568");
        assertThat(new CancelRequest(1, secret).toString()).doesNotContain("geheim", "676568");
    }
}
