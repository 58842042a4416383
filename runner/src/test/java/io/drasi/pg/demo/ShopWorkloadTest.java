// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.pg.process.StopRequest;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ShopWorkloadTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** All it can do, besides being closed, is fail. */
    private static Connection failing(Exception failure) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    throw failure;
                });
    }

    private static void requireEnd(Exception failure) throws InterruptedException {
        StopRequest stop = new StopRequest();
        try (ShopWorkload workload = new ShopWorkload(failing(failure), Duration.ofMillis(1), stop::request)) {
            workload.start();
            assertThat(stop.await(PATIENCE)).isTrue();
            assertThat(workload.failure()).containsSame(failure);
        }
    }

    @Test
    void endsTheDemoWhenAStatementFails() throws Exception {
        requireEnd(new SQLException("the server has gone"));
    }

    @Test
    void endsTheDemoWhenAnythingElseFails() throws Exception {
        requireEnd(new IllegalStateException("a defect of the driver"));
    }
}
