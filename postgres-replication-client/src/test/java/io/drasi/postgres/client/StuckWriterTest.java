// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.TlsFiles;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that takes no data, and one thread that waits for it to do so while another wants to be done. */
class StuckWriterTest {
    private static final Duration PROMPT = Duration.ofSeconds(10);

    private final CountDownLatch over = new CountDownLatch(1);

    private FakeWalsender deaf(boolean tls) {
        return new FakeWalsender(session -> {
            if (tls) {
                session.expectSslRequest();
                session.startTls(TlsFiles.shared());
            }
            session.acceptLogin();
            session.expectQuery("START_REPLICATION");
            session.send(new Bytes().frame('W', body -> body.int8(0).int16(0)));
            over.await();
        });
    }

    private static ReplicationStream start(FakeWalsender server) {
        return ReplicationConnection.open(ConnectionSettings.builder()
                        .host(server.host())
                        .port(server.port())
                        .user("drasi")
                        .build())
                .startReplication("slot", Lsn.INVALID, Map.of());
    }

    /** Sends until the server takes no more. */
    private static CompletableFuture<Void> stuckWriter(ReplicationStream stream) {
        return WaitingCall.start(() -> {
            while (true) {
                stream.sendStatus(Lsn.INVALID, Lsn.INVALID, Lsn.INVALID, false);
            }
        });
    }

    private static void assertThatItIsOver(CompletableFuture<Void> writer) {
        assertThat(writer)
                .failsWithin(PROMPT)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(ConnectionLostException.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void doesNotHoldUpTheEndOfTheStream(boolean tls) {
        try (FakeWalsender server = deaf(tls)) {
            ReplicationStream stream = start(server);
            CompletableFuture<Void> writer = stuckWriter(stream);
            long start = System.nanoTime();
            stream.finish(Duration.ofMillis(100));
            stream.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PROMPT);
            assertThatItIsOver(writer);
            over.countDown();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void doesNotHoldUpTheEndOfTheConnection(boolean tls) {
        try (FakeWalsender server = deaf(tls)) {
            ReplicationStream stream = start(server);
            CompletableFuture<Void> writer = stuckWriter(stream);
            long start = System.nanoTime();
            stream.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PROMPT);
            assertThatItIsOver(writer);
            over.countDown();
        }
    }
}
