// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.PasswordSupplier;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DescriptorsTest {
    private static final int ATTEMPTS = 20;
    private static final PasswordSupplier FAILING = () -> {
        throw new StackOverflowError("a supplier that calls itself");
    };

    /** Each connection has a selector for reading and one for writing, and nobody else here has any. */
    private static long selectors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(DescriptorsTest::isSelector).count();
        }
    }

    private static boolean isSelector(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("[eventpoll]");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DISABLE", "REQUIRE"})
    void failedConnectionsLeaveNoneOpen(SslMode mode) throws IOException {
        try (FakeWalsender server = new FakeWalsender(session -> {
            if (mode == SslMode.REQUIRE) {
                session.expectSslRequest();
                session.startTls(TlsFiles.shared());
            }
            session.expectStartup();
            session.send(new Bytes().frame('R', body -> body.int32(3)));
            session.goSilent();
        })) {
            ConnectionSettings settings = ConnectionSettings.builder()
                    .host(server.host())
                    .port(server.port())
                    .user("drasi")
                    .sslMode(mode)
                    .passwordSupplier(FAILING)
                    .build();
            long before = selectors();
            for (int i = 0; i < ATTEMPTS; i++) {
                assertThatThrownBy(() -> PostgresConnection.open(settings)).isInstanceOf(StackOverflowError.class);
            }
            assertThat(selectors()).isLessThanOrEqualTo(before);
        }
    }
}
