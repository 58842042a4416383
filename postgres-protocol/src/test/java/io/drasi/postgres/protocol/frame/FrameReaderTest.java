// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
    private final FrameReader reader = new FrameReader();

    private static byte[] header(long length) {
        return new Bytes().int8('d').int32(length).toByteArray();
    }

    @Test
    void findsOneFrameAfterTheOther() {
        byte[] buffer = new Bytes()
                .text("..")
                .int8('Z')
                .int32(5)
                .int8('I')
                .int8('c')
                .int32(4)
                .toByteArray();

        assertThat(reader.next(buffer, 2, buffer.length)).isTrue();
        assertThat(reader.type()).isEqualTo((byte) 'Z');
        assertThat(reader.bodyStart()).isEqualTo(7);
        assertThat(reader.bodyEnd()).isEqualTo(8);

        assertThat(reader.next(buffer, 8, buffer.length)).isTrue();
        assertThat(reader.type()).isEqualTo((byte) 'c');
        assertThat(reader.bodyStart()).isEqualTo(13);
        assertThat(reader.bodyEnd()).isEqualTo(13);

        assertThat(reader.next(buffer, 13, buffer.length)).isFalse();
    }

    @Test
    void waitsForEveryByteOfAFrame() {
        byte[] buffer = new Bytes()
                .text("..")
                .int8('S')
                .int32(8)
                .cstring("abc")
                .text("more")
                .toByteArray();
        int position = 2;
        for (int received = 0; received < 9; received++) {
            assertThat(reader.next(buffer, position, position + received)).isFalse();
            assertThat(reader.neededBytes()).isEqualTo(received < 5 ? 5 : 9);
        }
        assertThat(reader.next(buffer, position, position + 9)).isTrue();
        assertThat(reader.neededBytes()).isEqualTo(9);
    }

    @Test
    void rejectsALengthThatDoesNotCountItself() {
        for (int length : new int[] {0, 1, 2, 3}) {
            assertRejected(reader, header(length), length);
        }
    }

    @Test
    void rejectsALengthAboveItsBoundAsSoonAsItIsKnown() {
        FrameReader small = new FrameReader(100);

        assertThat(small.next(header(100), 0, 5)).isFalse();
        assertThat(small.neededBytes()).isEqualTo(101);
        assertRejected(small, header(101), 101);
    }

    @Test
    void readsTheLengthUnsigned() {
        assertRejected(reader, header(0xFFFF_FFFFL), 0xFFFF_FFFFL);
        assertRejected(reader, header(0x8000_0000L), 0x8000_0000L);
    }

    @Test
    void allowsByDefaultWhatPostgresqlCanAllocateAndNoMore() {
        assertThat(reader.next(header(0x3FFF_FFFF + 4), 0, 5)).isFalse();
        assertRejected(reader, header(0x3FFF_FFFF + 5), 0x3FFF_FFFF + 5);
    }

    private static void assertRejected(FrameReader reader, byte[] header, long length) {
        ProtocolException failure =
                catchThrowableOfType(ProtocolException.class, () -> reader.next(header, 0, header.length));
        assertThat(failure).hasMessageContaining("was " + length + " ").hasMessageContaining("0x64");
        assertThat(failure.offset()).isEqualTo(1);
    }

    @Test
    void keepsTheFrameFoundLastWhenTheNextIsNotThere() {
        Bytes frame = new Bytes().int8('Z').int32(5).int8('I');
        byte[] buffer = frame.text("d").toByteArray();

        assertThat(reader.next(buffer, 0, buffer.length)).isTrue();
        assertThat(reader.next(buffer, 6, buffer.length)).isFalse();
        assertThat(reader.type()).isEqualTo((byte) 'Z');
        assertThat(reader.bodyEnd()).isEqualTo(6);
    }

    @Test
    void refusesAnImpossibleBound() {
        for (int bound : new int[] {Integer.MIN_VALUE, 0, 3, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> new FrameReader(bound))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("maxFrameLength")
                    .hasMessageContaining("was " + bound);
        }
    }

    @Test
    void refusesARangeOutsideTheBuffer() {
        assertThatThrownBy(() -> reader.next(new byte[5], 0, 6)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> reader.next(new byte[5], 4, 3)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
