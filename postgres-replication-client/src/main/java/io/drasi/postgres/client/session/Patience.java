// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

/** How long a server may be silent while its answer is awaited. */
public enum Patience {
    /** For the peer timeout. A server that is gone is noticed. */
    PEER_TIMEOUT,
    /**
     * As long as it takes: for what rightly waits, be it for other transactions or for a query's first row. That the server
     * is gone is then left to TCP to find out.
     */
    ENDLESS
}
