// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.server;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The server's processes of a source's last connections, over all its runs: one whose connection was closed may have the
 * slot for a moment more. Thread-safe.
 */
public final class OwnSessions {
    private static final int MOST = 32;

    private final Deque<Long> pids = new ArrayDeque<>();

    synchronized void add(long pid) {
        if (pids.size() == MOST) {
            pids.removeFirst();
        }
        pids.addLast(pid);
    }

    synchronized boolean contain(long pid) {
        return pids.contains(pid);
    }
}
