// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.drasi.testkit.Bytes;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ByteCursorTest {
    private static final List<Consumer<ByteCursor>> FIXED_READS = List.of(
            ByteCursor::readByte,
            ByteCursor::readUnsignedByte,
            ByteCursor::readBoolean,
            ByteCursor::readInt16,
            ByteCursor::readUnsignedInt16,
            ByteCursor::readInt32,
            ByteCursor::readUnsignedInt32,
            cursor -> cursor.readCount(0),
            ByteCursor::readInt64,
            ByteCursor::readLsn);
    private static final int[] FIXED_SIZES = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8};

    private static ByteCursor cursor(Bytes bytes) {
        return new ByteCursor(bytes.toByteArray());
    }

    private static ProtocolException failure(ByteCursor cursor, Consumer<ByteCursor> read) {
        ProtocolException failure = catchThrowableOfType(ProtocolException.class, () -> read.accept(cursor));
        assertThat(failure).isNotNull();
        return failure;
    }

    @Test
    void readsBigEndianValuesInOrder() {
        ByteCursor cursor = cursor(new Bytes()
                .int8(0x80)
                .int16(0x8001)
                .int32(0x8000_0002L)
                .int64(0x8000_0000_0000_0003L)
                .int64(0x16_B374_D848L));

        assertThat(cursor.readByte()).isEqualTo((byte) -128);
        assertThat(cursor.readInt16()).isEqualTo((short) -32767);
        assertThat(cursor.readInt32()).isEqualTo(-2147483646);
        assertThat(cursor.readInt64()).isEqualTo(Long.MIN_VALUE + 3);
        assertThat(cursor.readLsn()).hasToString("16/B374D848");
        assertThat(cursor.remaining()).isZero();
    }

    @Test
    void readsUnsignedValuesUnsigned() {
        ByteCursor cursor = cursor(new Bytes().int8(0xFF).int16(0xFFFF).int32(0xFFFF_FFFFL));

        assertThat(cursor.readUnsignedByte()).isEqualTo(255);
        assertThat(cursor.readUnsignedInt16()).isEqualTo(65_535);
        assertThat(cursor.readUnsignedInt32()).isEqualTo(4_294_967_295L);
    }

    @Test
    void everyFixedReadChecksItsBoundAndMovesNothingWhenItFails() {
        for (int i = 0; i < FIXED_SIZES.length; i++) {
            Consumer<ByteCursor> read = FIXED_READS.get(i);
            for (int available = 0; available < FIXED_SIZES[i]; available++) {
                // Bytes behind the end of the range are there, and must not be used.
                ByteCursor cursor = new ByteCursor(new byte[20], 2, 2 + 3 + available);
                cursor.skip(3);

                assertThat(failure(cursor, read))
                        .hasMessage("need %d bytes, %d left (at offset 3)", FIXED_SIZES[i], available)
                        .extracting(ProtocolException::offset)
                        .isEqualTo(3L);
                assertThat(cursor.remaining()).isEqualTo(available);
            }
            ByteCursor whole = new ByteCursor(new byte[20], 2, 2 + FIXED_SIZES[i]);
            read.accept(whole);
            assertThat(whole.remaining()).isZero();
        }
    }

    @Test
    void rejectsNegativeAndTooGreatLengths() {
        for (int length : new int[] {-1, Integer.MIN_VALUE, 4, Integer.MAX_VALUE}) {
            ByteCursor cursor = new ByteCursor(new byte[10], 2, 5);

            assertThat(failure(cursor, c -> c.skip(length)).offset()).isZero();
            assertThat(failure(cursor, c -> c.readSlice(length)).offset()).isZero();
            assertThat(failure(cursor, c -> c.readBytes(length)).offset()).isZero();
            assertThat(cursor.remaining()).isEqualTo(3);
        }
    }

    @Test
    void readsOnlyZeroAndOneAsABoolean() {
        ByteCursor cursor = cursor(new Bytes().int8(0).int8(1).int8(2));

        assertThat(cursor.readBoolean()).isFalse();
        assertThat(cursor.readBoolean()).isTrue();
        assertThat(failure(cursor, ByteCursor::readBoolean)).hasMessage("expected 0 or 1, found 2 (at offset 2)");
    }

    @Test
    void readsStringsUpToTheirZeroByte() {
        ByteCursor cursor = cursor(new Bytes().cstring("").cstring("naïve 𝄞").cstring("z"));

        assertThat(cursor.readCString()).isEmpty();
        assertThat(cursor.readCString()).isEqualTo("naïve 𝄞");
        assertThat(cursor.readDisplayText()).isEqualTo("z");
        assertThat(cursor.remaining()).isZero();
    }

    @Test
    void rejectsAStringWhoseZeroByteIsBehindTheEnd() {
        byte[] array = new Bytes().text("abc").int8(0).toByteArray();
        ByteCursor cursor = new ByteCursor(array, 0, 3);
        cursor.skip(1);

        assertThat(failure(cursor, ByteCursor::readCString).offset()).isEqualTo(1);
        assertThat(failure(cursor, ByteCursor::readDisplayText).offset()).isEqualTo(1);
        assertThat(cursor.remaining()).isEqualTo(2);
    }

    @Test
    void rejectsMalformedUtf8AtItsOffset() {
        byte[] latin1 = new Bytes().int8('x').text("ab").int8(0xE9).int8(0).toByteArray();
        ByteCursor cursor = new ByteCursor(latin1);
        cursor.skip(1);

        assertThat(failure(cursor, ByteCursor::readCString)).hasMessage("malformed UTF-8 (at offset 3)");
    }

    @Test
    void replacesMalformedUtf8InTextThatIsOnlyShown() {
        ByteCursor cursor = cursor(new Bytes().text("ab").int8(0xE9).int8(0));

        assertThat(cursor.readDisplayText()).isEqualTo("ab\uFFFD");
    }

    @Test
    void readsTheReplacementCharacterItself() {
        assertThat(cursor(new Bytes().cstring("a\uFFFDb")).readCString()).isEqualTo("a\uFFFDb");
    }

    @Test
    void borrowsSlicesAndCopiesBytes() {
        byte[] array = {1, 2, 3, 4, 5};
        ByteCursor cursor = new ByteCursor(array);
        ByteSlice slice = cursor.readSlice(2);
        byte[] copy = cursor.readBytes(2);
        ByteSlice rest = cursor.readRest();
        array[0] = 9;
        array[2] = 9;

        assertThat(slice.toByteArray()).containsExactly(9, 2);
        assertThat(copy).containsExactly(3, 4);
        assertThat(rest.toByteArray()).containsExactly(5);
        assertThat(cursor.readRest().isEmpty()).isTrue();
    }

    @Test
    void rejectsACountThatCannotFitBeforeAnythingIsAllocatedForIt() {
        assertThat(cursor(new Bytes().int32(2).int64(0)).readCount(4)).isEqualTo(2);
        assertThat(failure(cursor(new Bytes().int32(3).int64(0)), c -> c.readCount(4))
                        .offset())
                .isZero();
        assertThat(failure(cursor(new Bytes().int32(-1)), c -> c.readCount(0)).offset())
                .isZero();
        assertThat(failure(cursor(new Bytes().int32(Integer.MAX_VALUE).int64(0)), c -> c.readCount(4))
                        .offset())
                .isZero();
    }

    @Test
    void requiresTheEnd() {
        ByteCursor cursor = cursor(new Bytes().int8(1).int8(2));
        cursor.readByte();

        assertThat(failure(cursor, c -> c.requireEnd("the thing")))
                .hasMessage("1 bytes left after the end of the thing (at offset 1)");
        cursor.readByte();
        cursor.requireEnd("the thing");
    }

    @Test
    void startsAgainOverAnotherRange() {
        ByteCursor cursor = new ByteCursor();
        assertThat(cursor.remaining()).isZero();

        byte[] array = {1, 2, 3, 4};
        cursor.reset(array, 1, 3);
        assertThat(cursor.readByte()).isEqualTo((byte) 2);
        assertThat(cursor.position()).isEqualTo(2);
        assertThat(cursor.offset()).isEqualTo(1);
        assertThat(cursor.array()).isSameAs(array);

        cursor.reset(new ByteSlice(array, 3, 1));
        assertThat(cursor.offset()).isZero();
        assertThat(cursor.readByte()).isEqualTo((byte) 4);
        assertThat(new ByteCursor(new ByteSlice(array, 2, 2)).readInt16()).isEqualTo((short) 0x0304);
    }

    @Test
    void refusesARangeOutsideTheArray() {
        byte[] array = new byte[4];
        ByteCursor cursor = new ByteCursor();

        assertThatThrownBy(() -> cursor.reset(array, 0, 5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> cursor.reset(array, 3, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new ByteCursor(array, -1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void namesTheMessageThatAProblemIsIn() {
        ProtocolException inner = new ProtocolException("need 4 bytes, 2 left", 17);
        ProtocolException outer = inner.within("pgoutput message 'I'");

        assertThat(outer).hasMessage("pgoutput message 'I': need 4 bytes, 2 left (at offset 17)");
        assertThat(outer.offset()).isEqualTo(17);
        assertThat(outer).hasCause(inner);
    }
}
