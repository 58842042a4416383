// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.SocketTransport;
import io.drasi.testkit.FakeWalsender;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;

class TlsTransportTest {
    private static final Deadline LATE = Deadline.after(Duration.ofSeconds(60));

    @Test
    void readsOnIfAWriterHasAnsweredTheKeyUpdateMeanwhile() throws Exception {
        try (FakeWalsender server = new FakeWalsender(session -> {
            session.send((byte) 'x');
            session.goSilent();
        })) {
            SocketTransport socket = SocketTransport.connect(new InetSocketAddress(server.host(), server.port()), LATE);
            TlsTransport transport = TlsTransport.handshake(socket, new AnsweredByWriter(), LATE);
            ByteBuffer target = ByteBuffer.allocate(1 << 16);
            assertThat(transport.read(target, LATE)).isEqualTo(1);
            assertThat(target.get(0)).isEqualTo((byte) 'x');
            transport.abort();
        }
    }

    /**
     * Takes plain bytes for decrypted ones, and wants each read answered as a key update is; but at the second look
     * somebody has done that.
     */
    private static final class AnsweredByWriter extends SSLEngine {
        private final SSLEngine model;
        private int looks = Integer.MAX_VALUE;

        AnsweredByWriter() throws Exception {
            model = SSLContext.getDefault().createSSLEngine();
        }

        @Override
        public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
            int count = source.remaining();
            if (count == 0) {
                return new SSLEngineResult(Status.BUFFER_UNDERFLOW, HandshakeStatus.NOT_HANDSHAKING, 0, 0);
            }
            targets[offset].put(source);
            looks = 0;
            return new SSLEngineResult(Status.OK, HandshakeStatus.NEED_WRAP, count, count);
        }

        @Override
        public SSLEngineResult wrap(ByteBuffer[] sources, int offset, int length, ByteBuffer target) {
            return new SSLEngineResult(Status.OK, HandshakeStatus.NOT_HANDSHAKING, 0, 0);
        }

        @Override
        public HandshakeStatus getHandshakeStatus() {
            return looks++ == 0 ? HandshakeStatus.NEED_WRAP : HandshakeStatus.NOT_HANDSHAKING;
        }

        @Override
        public SSLSession getSession() {
            return model.getSession();
        }

        @Override
        public void beginHandshake() {}

        @Override
        public Runnable getDelegatedTask() {
            return model.getDelegatedTask();
        }

        @Override
        public void closeInbound() {}

        @Override
        public boolean isInboundDone() {
            return false;
        }

        @Override
        public void closeOutbound() {}

        @Override
        public boolean isOutboundDone() {
            return true;
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return model.getSupportedCipherSuites();
        }

        @Override
        public String[] getEnabledCipherSuites() {
            return model.getEnabledCipherSuites();
        }

        @Override
        public void setEnabledCipherSuites(String[] suites) {}

        @Override
        public String[] getSupportedProtocols() {
            return model.getSupportedProtocols();
        }

        @Override
        public String[] getEnabledProtocols() {
            return model.getEnabledProtocols();
        }

        @Override
        public void setEnabledProtocols(String[] protocols) {}

        @Override
        public void setUseClientMode(boolean mode) {}

        @Override
        public boolean getUseClientMode() {
            return true;
        }

        @Override
        public void setNeedClientAuth(boolean need) {}

        @Override
        public boolean getNeedClientAuth() {
            return false;
        }

        @Override
        public void setWantClientAuth(boolean want) {}

        @Override
        public boolean getWantClientAuth() {
            return false;
        }

        @Override
        public void setEnableSessionCreation(boolean flag) {}

        @Override
        public boolean getEnableSessionCreation() {
            return true;
        }
    }
}
