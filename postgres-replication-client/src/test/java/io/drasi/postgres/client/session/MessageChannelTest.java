// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.Transport;
import io.drasi.postgres.protocol.backend.BackendMessage.CommandComplete;
import io.drasi.postgres.protocol.frame.FrameReader;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class MessageChannelTest {
    /** Gives what it was fed, one piece for each read; then what a deadline in the past gives. */
    private static final class FedTransport implements Transport {
        private final Queue<byte[]> pieces = new ArrayDeque<>();
        private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
        private final int minimumRoom;
        private int largestBuffer;
        private boolean atEnd;
        private boolean closed;
        private boolean blocked;

        FedTransport(int minimumRoom) {
            this.minimumRoom = minimumRoom;
        }

        void feed(byte[] piece) {
            pieces.add(piece);
        }

        @Override
        public int read(ByteBuffer target, Deadline deadline) {
            assertThat(target.remaining()).isGreaterThanOrEqualTo(minimumRoom);
            largestBuffer = Math.max(largestBuffer, target.capacity());
            byte[] piece = pieces.poll();
            if (piece == null) {
                return atEnd ? -1 : 0;
            }
            int count = Math.min(piece.length, target.remaining());
            target.put(piece, 0, count);
            if (count < piece.length) {
                ((ArrayDeque<byte[]>) pieces).addFirst(Arrays.copyOfRange(piece, count, piece.length));
            }
            return count;
        }

        @Override
        public void write(ByteBuffer source, Deadline deadline) throws IOException {
            if (blocked) {
                throw new SocketTimeoutException("blocked");
            }
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            sent.writeBytes(bytes);
        }

        @Override
        public int minimumRoom() {
            return minimumRoom;
        }

        @Override
        public void wakeup() {}

        @Override
        public void abort() {
            closed = true;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static MessageChannel channel(FedTransport transport) {
        return new MessageChannel(transport, "db:5432", FrameReader.DEFAULT_MAX_FRAME_LENGTH);
    }

    private static byte[] complete(String tag) {
        return new Bytes().frame('C', body -> body.cstring(tag)).toByteArray();
    }

    @Test
    void cutsMessagesOutOfPiecesOfAnySize() {
        Property.forAll(200, random -> {
            FedTransport transport = new FedTransport(1);
            MessageChannel channel = channel(transport);
            Bytes all = new Bytes();
            int count = 1 + random.nextInt(30);
            for (int i = 0; i < count; i++) {
                String tag = i + "x".repeat(random.nextInt(10) == 0 ? random.nextInt(200_000) : random.nextInt(50));
                all.bytes(complete(tag));
            }
            byte[] bytes = all.toByteArray();
            int from = 0;
            while (from < bytes.length) {
                int to = Math.min(bytes.length, from + 1 + random.nextInt(random.nextBoolean() ? 10 : 100_000));
                transport.feed(Arrays.copyOfRange(bytes, from, to));
                from = to;
            }
            for (int i = 0; i < count; i++) {
                assertThat(channel.next(Deadline.never())).isTrue();
                assertThat(((CommandComplete) channel.decode()).tag()).startsWith(i + "");
            }
            assertThat(channel.hasBuffered()).isFalse();
            assertThat(channel.next(Deadline.never())).isFalse();
        });
    }

    @Test
    void knowsWhatIsInMemory() {
        FedTransport transport = new FedTransport(1);
        MessageChannel channel = channel(transport);
        transport.feed(Bytes.concat(complete("one"), complete("two")));
        assertThat(channel.hasBuffered()).isFalse();
        channel.next(Deadline.never());
        assertThat(channel.hasBuffered()).isTrue();
        channel.next(Deadline.never());
        assertThat(channel.hasBuffered()).isFalse();
    }

    @Test
    void takesMessagesLargerThanItsBufferAndShrinksAgain() {
        FedTransport transport = new FedTransport(20_000);
        MessageChannel channel = channel(transport);
        byte[] large = new byte[3_000_000];
        large[2_999_999] = 7;
        transport.feed(new Bytes().frame('d', large).toByteArray());
        assertThat(channel.next(Deadline.never())).isTrue();
        byte[] bufferOfLarge = channel.body().array();
        assertThat(channel.body().remaining()).isEqualTo(3_000_000);
        assertThat(bufferOfLarge).hasSizeLessThan(7_000_000);
        for (int i = 0; i < 2_000; i++) {
            transport.feed(complete("small"));
            assertThat(channel.next(Deadline.never())).isTrue();
        }
        assertThat(channel.body().array()).hasSize(64 * 1024);
    }

    @Test
    void doesNotBelieveInALengthBeforeTheBytesCome() {
        FedTransport transport = new FedTransport(1);
        MessageChannel channel = channel(transport);
        transport.feed(new Bytes().int8('d').int32(1_000_000_000).repeat(0, 100).toByteArray());
        assertThat(channel.next(Deadline.never())).isFalse();
        transport.feed(new byte[100_000]);
        assertThat(channel.next(Deadline.never())).isFalse();
        transport.feed(new byte[10]);
        transport.feed(new byte[10]);
        assertThat(channel.next(Deadline.never())).isFalse();
        assertThat(transport.largestBuffer).isBetween(100_000, 300_000);
    }

    @Test
    void rejectsAnOversizeFrameAndCloses() {
        FedTransport transport = new FedTransport(1);
        MessageChannel channel = new MessageChannel(transport, "db:5432", 1_000);
        transport.feed(new Bytes().int8('d').int32(1_001).toByteArray());
        assertThatThrownBy(() -> channel.next(Deadline.never()))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("1001");
        assertThat(transport.closed).isTrue();
    }

    @Test
    void rejectsAnUnknownMessageAndCloses() {
        FedTransport transport = new FedTransport(1);
        MessageChannel channel = channel(transport);
        transport.feed(new Bytes().frame('?', new byte[0]).toByteArray());
        assertThat(channel.next(Deadline.never())).isTrue();
        assertThatThrownBy(channel::decode).isInstanceOf(ProtocolException.class);
        assertThat(transport.closed).isTrue();
    }

    @Test
    void tellsThatTheServerClosedTheConnection() {
        FedTransport transport = new FedTransport(1);
        transport.atEnd = true;
        MessageChannel channel = channel(transport);
        assertThatThrownBy(() -> channel.next(Deadline.never()))
                .isInstanceOf(ConnectionLostException.class)
                .hasMessage("the server at db:5432 closed the connection");
        assertThat(transport.closed).isTrue();
    }

    @Test
    void tellsThatTheServerStoppedReading() {
        FedTransport transport = new FedTransport(1);
        transport.blocked = true;
        MessageChannel channel = channel(transport);
        assertThatThrownBy(() -> channel.send(new FrontendMessage.CopyDone(), Deadline.never()))
                .isInstanceOf(ConnectionLostException.class)
                .hasMessageContaining("stopped reading");
        assertThat(transport.closed).isTrue();
    }

    @Test
    void writesWholeMessages() {
        FedTransport transport = new FedTransport(1);
        channel(transport).send(new FrontendMessage.Query("SELECT 1"), Deadline.never());
        assertThat(transport.sent.toByteArray())
                .isEqualTo(
                        new Bytes().frame('Q', body -> body.cstring("SELECT 1")).toByteArray());
    }
}
