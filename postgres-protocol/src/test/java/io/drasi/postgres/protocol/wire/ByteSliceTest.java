// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Property;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ByteSliceTest {
    private final byte[] array = "xxabcxx".getBytes(StandardCharsets.UTF_8);
    private final ByteSlice slice = new ByteSlice(array, 2, 3);

    @Test
    void viewsItsRangeOnly() {
        assertThat(slice.array()).isSameAs(array);
        assertThat(slice.offset()).isEqualTo(2);
        assertThat(slice.length()).isEqualTo(3);
        assertThat(slice.isEmpty()).isFalse();
        assertThat(slice.get(0)).isEqualTo((byte) 'a');
        assertThat(slice.get(2)).isEqualTo((byte) 'c');
        assertThat(slice.utf8()).isEqualTo("abc");
        assertThat(slice.toByteArray()).containsExactly('a', 'b', 'c');
    }

    @Test
    void refusesIndexesAndRangesOutside() {
        assertThatThrownBy(() -> slice.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> slice.get(3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new ByteSlice(array, 5, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new ByteSlice(array, -1, 3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void changesWithItsArrayButItsCopyDoesNot() {
        ByteSlice copy = slice.copy();
        array[2] = 'z';

        assertThat(slice.utf8()).isEqualTo("zbc");
        assertThat(copy.utf8()).isEqualTo("abc");
    }

    @Test
    void isEqualByContent() {
        ByteSlice same = ByteSlice.of(new byte[] {'a', 'b', 'c'});

        assertThat(slice).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(slice).isNotEqualTo(new ByteSlice(array, 1, 3));
        assertThat(slice).isNotEqualTo(new ByteSlice(array, 2, 2));
        assertThat(ByteSlice.empty()).isEqualTo(new ByteSlice(array, 7, 0));
    }

    @Test
    void hashesItsBytesOnly() {
        assertThat(slice).hasSameHashCodeAs(new ByteSlice("abcabc".getBytes(StandardCharsets.UTF_8), 3, 3));
        for (String other : new String[] {"", "ab", "abd", "acb", "bbc"}) {
            assertThat(slice).doesNotHaveSameHashCodeAs(ByteSlice.of(other.getBytes(StandardCharsets.UTF_8)));
        }
    }

    @Test
    void rejectsATextWhoseFirstByteIsNoUtf8() {
        assertThatThrownBy(() -> ByteSlice.of(new byte[] {(byte) 0xFF, 'a'}).utf8())
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.offset()).isZero());
    }

    @Test
    void rejectsMalformedUtf8AtItsOffsetInTheSlice() {
        byte[] bytes = {'x', 'a', (byte) 0xC3, (byte) 0x28, 'b'};

        assertThatThrownBy(() -> new ByteSlice(bytes, 1, 4).utf8())
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.offset()).isEqualTo(1));
        // A sequence that goes on behind the slice's end is not complete either.
        assertThatThrownBy(() -> new ByteSlice(new byte[] {'a', (byte) 0xC3, (byte) 0xA9}, 0, 2).utf8())
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.offset()).isEqualTo(1));
    }

    @Test
    void decodesAnyWellFormedText() {
        Property.forAll(1000, random -> {
            int[] codePoints = random.ints(random.nextInt(20), 0, Character.MAX_CODE_POINT + 1)
                    .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                    .toArray();
            String text = new String(codePoints, 0, codePoints.length);
            assertThat(ByteSlice.of(text.getBytes(StandardCharsets.UTF_8)).utf8())
                    .isEqualTo(text);
        });
    }

    @Test
    void printsItsLengthAndFirstBytes() {
        assertThat(slice).hasToString("ByteSlice[3 bytes: 616263]");
        assertThat(ByteSlice.of(new byte[33])).hasToString("ByteSlice[33 bytes: " + "00".repeat(32) + "…]");
    }
}
