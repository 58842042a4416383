// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.security.auth.module.UnixSystem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Root has several ways to start a server as somebody else, of which a host may forbid the first ones. */
class ServerAccountIT {
    static final class OneServer {
        private OneServer() {}

        public static void main(String[] arguments) {
            try (PostgresServer server =
                    PostgresServer.builder(PostgresVersion.newest()).tls().start()) {
                server.execute("CREATE TABLE t AS SELECT 1");
                server.kill();
                server.start();
                server.setConfig("cluster_name", "again");
                server.restart();
                System.out.println(server.queryOne("SELECT current_setting('cluster_name') || count(*) FROM t"));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = ServerAccount.class, mode = EnumSource.Mode.EXCLUDE, names = "SELF")
    void runsAServerAsSomebodyElse(ServerAccount account) {
        assumeTrue(new UnixSystem().getUid() == 0, "only root needs another account");
        assumeTrue(account.works(), account + " does not work on this host");
        Path binaries = PostgresVersion.binariesDirectory();
        Proc.Result result = Proc.java(
                        List.of(
                                "-D" + PostgresVersion.BINARIES_PROPERTY + "=" + binaries,
                                "-D" + ServerAccount.PROPERTY + "=" + account),
                        OneServer.class.getName())
                .run(Duration.ofSeconds(90));
        assertThat(result.requireSuccess().stdoutLines()).containsExactly("again1");
    }
}
