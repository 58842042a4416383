// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.TlsException;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.postgres.protocol.frontend.FrontendMessage.SslRequest;
import io.drasi.postgres.protocol.wire.ByteWriter;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;

/** Asks a server for TLS (PostgreSQL documentation, "SSL Session Encryption"). */
final class TlsRequest {
    // More than the answer, so that what must not be there is seen.
    private static final int ANSWER_ROOM = 64;

    private TlsRequest() {}

    /**
     * @return whether a handshake comes next; false only if the sslmode does not insist on TLS
     * @throws TlsException if the server has no TLS and the sslmode insists, or if bytes came with the answer: they were
     *     not encrypted, so whoever stands between may have sent them (CVE-2021-23222)
     * @throws SocketTimeoutException if the deadline passes
     */
    static boolean send(SocketTransport socket, ConnectionSettings settings, Deadline deadline) throws IOException {
        ByteWriter request = new ByteWriter();
        new SslRequest().encode(request);
        socket.write(ByteBuffer.wrap(request.array(), 0, request.length()), deadline);
        ByteBuffer answer = ByteBuffer.allocate(ANSWER_ROOM);
        int count = socket.read(answer, deadline);
        if (count < 0) {
            throw new EOFException("the server closed it");
        }
        if (count == 0) {
            throw new SocketTimeoutException("no answer to the request for TLS");
        }
        return judge(answer, settings);
    }

    private static boolean judge(ByteBuffer answer, ConnectionSettings settings) {
        String at = "connecting to " + settings.serverName() + " with sslmode "
                + settings.sslMode().libpqName() + ": ";
        byte kind = answer.get(0);
        if (kind == 'E') {
            // Its text comes unencrypted from an unknown sender, so it is not shown.
            throw new ConnectFailedException(at + "the server answered the request for TLS with an error");
        }
        if (kind != 'S' && kind != 'N') {
            throw new ConnectFailedException(at + "the answer to the request for TLS is the byte 0x"
                    + Integer.toHexString(kind & 0xFF) + "; is that a PostgreSQL server?");
        }
        if (answer.position() > 1) {
            throw new TlsException(at + "the server sent unencrypted data after its answer to the request for TLS;"
                    + " somebody may be interfering with the connection");
        }
        if (kind == 'N' && settings.sslMode().requiresTls()) {
            throw new TlsException(at + "the server does not support TLS; switch it on there (ssl = on in"
                    + " postgresql.conf, with ssl_cert_file and ssl_key_file), or use sslmode prefer or disable");
        }
        return kind == 'S';
    }
}
