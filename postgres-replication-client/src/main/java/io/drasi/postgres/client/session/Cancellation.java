// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.postgres.protocol.backend.BackendMessage.BackendKeyData;
import io.drasi.postgres.protocol.frontend.FrontendMessage.CancelRequest;
import io.drasi.postgres.protocol.wire.ByteWriter;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;

/**
 * A request to end what the server does for a session (PostgreSQL documentation, "Canceling Requests in Progress"). It goes
 * over a connection of its own, unencrypted as with libpq before 17: the key is of use for nothing else and ends with the session.
 */
record Cancellation(SocketAddress address, BackendKeyData backend) {
    /**
     * Waits until the server has closed the connection, having passed the request on.
     *
     * @return whether it did so before the deadline; what the session was doing may have been over by then
     */
    boolean send(Deadline deadline) {
        ByteWriter request = new ByteWriter();
        new CancelRequest(backend.processId(), backend.secretKey()).encode(request);
        try {
            SocketTransport transport = SocketTransport.connect(address, deadline);
            try {
                transport.write(ByteBuffer.wrap(request.array(), 0, request.length()), deadline);
                return transport.read(ByteBuffer.allocate(1), deadline) < 0;
            } finally {
                transport.abort();
            }
        } catch (IOException e) {
            return false;
        }
    }
}
