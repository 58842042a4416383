// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Bytes;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ByteWriterTest {
    private final ByteWriter writer = new ByteWriter();

    @Test
    void writesBigEndianValues() {
        writer.writeByte(0x1FF);
        writer.writeInt16(0x18001);
        writer.writeInt32(0x80000002);
        writer.writeInt64(Long.MIN_VALUE + 3);
        writer.writeLsn(Lsn.parse("16/B374D848"));
        writer.writeCString("é");
        writer.writeBytes(new byte[] {1, 2});
        writer.writeBytes(new ByteSlice(new byte[] {9, 3, 4, 9}, 1, 2));

        assertThat(writer.toByteArray())
                .isEqualTo(new Bytes()
                        .int8(0xFF)
                        .int16(0x8001)
                        .int32(0x8000_0002L)
                        .int64(0x8000_0000_0000_0003L)
                        .int64(0x16_B374_D848L)
                        .cstring("é")
                        .bytes((byte) 1, (byte) 2, (byte) 3, (byte) 4)
                        .toByteArray());
    }

    @Test
    void fillsInLengthsThatCountThemselves() {
        writer.writeByte('Q');
        int outer = writer.beginLength();
        int inner = writer.beginLength();
        writer.writeByte(7);
        writer.endLength(inner);
        writer.endLength(outer);

        assertThat(writer.toByteArray())
                .isEqualTo(new Bytes().int8('Q').int32(9).int32(5).int8(7).toByteArray());
    }

    @Test
    void growsAndKeepsWhatWasWritten() {
        byte[] large = new byte[5000];
        Arrays.fill(large, (byte) 'x');
        writer.writeInt32(1);
        writer.writeBytes(large);
        for (int i = 0; i < 5000; i++) {
            writer.writeInt64(i);
        }

        assertThat(writer.length()).isEqualTo(4 + 5000 + 40_000);
        ByteCursor cursor = new ByteCursor(writer.array(), 0, writer.length());
        assertThat(cursor.readInt32()).isEqualTo(1);
        assertThat(cursor.readBytes(5000)).isEqualTo(large);
        for (int i = 0; i < 5000; i++) {
            assertThat(cursor.readInt64()).isEqualTo(i);
        }
    }

    @Test
    void startsAgainInTheSameArray() {
        writer.writeInt64(1);
        byte[] array = writer.array();
        writer.clear();
        writer.writeByte(2);

        assertThat(writer.array()).isSameAs(array);
        assertThat(writer.toByteArray()).containsExactly(2);
    }

    @Test
    void refusesATextThatWouldEndEarly() {
        for (String text : new String[] {"a\0b", "\0a", "a\0", "\0"}) {
            assertThatThrownBy(() -> writer.writeCString(text))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("U+0000");
        }
    }

    @Test
    void growsAtEveryByte() {
        ByteWriter writer = new ByteWriter();
        byte[] expected = new byte[5_000];
        for (int i = 0; i < expected.length; i++) {
            writer.writeByte(i);
            expected[i] = (byte) i;
        }
        assertThat(writer.toByteArray()).isEqualTo(expected);
    }
}
