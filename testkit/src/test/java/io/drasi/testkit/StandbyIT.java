// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Standbys of running servers. */
class StandbyIT {
    static List<Integer> majors() {
        return PostgresVersion.available().stream().map(PostgresVersion::major).toList();
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("majors")
    void followsTheServerThatItIsACopyOfUntilItIsPromoted(int major) {
        try (PostgresServer primary = PostgresServer.builder(major).start()) {
            primary.createDatabase("shop");
            Database shop = primary.database("shop");
            shop.execute("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)");
            try (PostgresServer standby =
                    PostgresServer.standbyOf(primary, "standby_1").start()) {
                shop.execute("INSERT INTO t VALUES (2)");
                Database copy = standby.database("shop");
                Await.until(
                        "the standby has the row",
                        () -> copy.queryOne("SELECT count(*) FROM t").equals("2"));
                assertThat(standby.queryOne("SELECT pg_is_in_recovery()")).isEqualTo("t");
                assertThat(primary.queryOne("SELECT application_name FROM pg_stat_replication"))
                        .isEqualTo("standby_1");

                standby.promote();
                copy.execute("INSERT INTO t VALUES (3)");
                assertThat(copy.queryOne("SELECT count(*) FROM t")).isEqualTo("3");
                assertThat(shop.queryOne("SELECT count(*) FROM t")).isEqualTo("2");
            }
        }
    }
}
