// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.client.replication.StreamMessage;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.Proc;
import io.drasi.testkit.TlsFiles;
import java.security.Security;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KeyUpdateTest {
    private static final int MESSAGES = 40;
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void readsAndWritesOnWhenTheServerRenewsItsTlsKeys() {
        try (Proc server = Proc.java(List.of("-Djavax.net.debug=ssl:handshake"), Server.class.getName())
                .start()) {
            int port = Integer.parseInt(server.awaitLine("its port", LONG, line -> true));
            try (ReplicationStream stream = ReplicationConnection.open(ConnectionSettings.builder()
                            .host("127.0.0.1")
                            .port(port)
                            .user("drasi")
                            .build())
                    .startReplication("slot", Lsn.INVALID, Map.of())) {
                int read = 0;
                while (read < MESSAGES) {
                    if (stream.read(LONG) instanceof StreamMessage.Data data) {
                        read++;
                        Lsn end = data.xlogData().walEnd();
                        stream.sendStatus(end, end, end, false);
                    }
                }
                server.awaitLine("that it got all replies", LONG, line -> line.equals("all confirmed"));
            }
            assertThat(server.stderr()).contains("Consuming KeyUpdate post-handshake message");
        }
    }

    /** A stream through TLS with keys for 64 KiB each. In a JVM of its own: the limit is read once and holds for all. */
    static final class Server {
        private Server() {}

        public static void main(String[] arguments) throws InterruptedException {
            Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate 2^16");
            try (FakeWalsender server = new FakeWalsender(session -> {
                session.expectSslRequest();
                session.startTls(TlsFiles.shared());
                session.acceptLogin();
                session.expectStartReplication();
                for (int i = 1; i <= MESSAGES; i++) {
                    int number = i;
                    session.sendXLogData(i, i, 0, new byte[100_000]);
                    session.awaitStatusUpdate("the reply", update -> update.flushed() == number);
                }
                System.out.println("all confirmed");
                session.goSilent();
            })) {
                System.out.println(server.port());
                server.session(0).awaitClosed();
            }
        }
    }
}
