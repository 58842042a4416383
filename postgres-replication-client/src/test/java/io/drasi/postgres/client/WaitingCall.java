// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client;

import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.testkit.Await;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Calls that wait for the server, so that a test can see what another thread does to them. */
final class WaitingCall {
    private WaitingCall() {}

    /** Makes the call in a thread of its own, and returns when it waits for the server to send or to take data. */
    static <T> CompletableFuture<T> start(Supplier<T> call) {
        AtomicReference<Thread> thread = new AtomicReference<>();
        CompletableFuture<T> result = CompletableFuture.supplyAsync(call, command -> {
            thread.set(new Thread(command, "waiting call"));
            thread.get().start();
        });
        Await.until("the call waits for the server", () -> waits(thread.get()));
        return result;
    }

    private static boolean waits(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(SocketTransport.class.getName())
                        && frame.getMethodName().equals("await"));
    }
}
