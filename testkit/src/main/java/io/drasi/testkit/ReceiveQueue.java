// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a client on this host has not read yet, as the kernel tells it. */
final class ReceiveQueue {
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int QUEUES = 4;

    private ReceiveQueue() {}

    /** Waits until the other end of a connection has read all that was sent, but not long: it may not want to read. */
    static void awaitRead(Socket socket) throws IOException {
        long start = System.nanoTime();
        while (!isEmpty(socket) && System.nanoTime() - start < LONGEST_WAIT_NANOS) {
            Thread.onSpinWait();
        }
    }

    private static boolean isEmpty(Socket socket) throws IOException {
        // A socket of Java is listed with the IPv6 ones even if it is connected to an IPv4 address.
        for (String table : List.of("/proc/net/tcp6", "/proc/net/tcp")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] fields = line.strip().split("\\s+", -1);
                if (port(fields[LOCAL]) == socket.getPort() && port(fields[REMOTE]) == socket.getLocalPort()) {
                    return fields[QUEUES].endsWith(":00000000");
                }
            }
        }
        return true;
    }

    /** The port of "address:port" in hexadecimal; -1 in the line with the headings. */
    private static int port(String address) {
        int colon = address.lastIndexOf(':');
        return colon < 0 ? -1 : Integer.parseInt(address.substring(colon + 1), 16);
    }
}
