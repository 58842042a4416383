// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.pgoutput.TupleData.Kind;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TupleDataTest {
    private static Bytes everyKind() {
        return new Bytes()
                .int16(5)
                .int8('t')
                .int32(3)
                .text("abc")
                .int8('n')
                .int8('b')
                .int32(2)
                .int8(0)
                .int8(0xFF)
                .int8('u')
                .int8('t')
                .int32(0);
    }

    private static TupleData read(Bytes bytes) {
        return Decoding.decode(TupleData::read, bytes.toByteArray());
    }

    private static ByteSlice slice(TupleData tuple, int column) {
        return new ByteSlice(tuple.array(), tuple.offset(column), tuple.length(column));
    }

    @Test
    void tellsKindsAndPlacesWithoutMakingValues() {
        TupleData tuple = read(everyKind());

        assertThat(tuple.size()).isEqualTo(5);
        assertThat(tuple.kind(0)).isEqualTo(Kind.TEXT);
        assertThat(tuple.kind(1)).isEqualTo(Kind.NULL);
        assertThat(tuple.kind(2)).isEqualTo(Kind.BINARY);
        assertThat(tuple.kind(3)).isEqualTo(Kind.UNCHANGED_TOAST);
        assertThat(tuple.kind(4)).isEqualTo(Kind.TEXT);
        assertThat(slice(tuple, 0).utf8()).isEqualTo("abc");
        assertThat(slice(tuple, 2).toByteArray()).containsExactly(0, 0xFF);
        assertThat(slice(tuple, 4).isEmpty()).isTrue();
        assertThat(tuple.length(1)).isZero();
        assertThat(tuple.length(3)).isZero();
    }

    @Test
    void makesValuesWhenAsked() {
        TupleData tuple = read(everyKind());

        assertThat(tuple.value(0)).isEqualTo(new TupleValue.Text(ByteSlice.of(new byte[] {'a', 'b', 'c'})));
        assertThat(tuple.value(1)).isEqualTo(new TupleValue.Null());
        assertThat(tuple.value(2)).isEqualTo(new TupleValue.Binary(ByteSlice.of(new byte[] {0, -1})));
        assertThat(tuple.value(3)).isEqualTo(new TupleValue.UnchangedToast());
        assertThat(tuple.value(4)).isEqualTo(new TupleValue.Text(ByteSlice.empty()));
    }

    @Test
    void rejectsAnUnknownKindAtItsOffset() {
        ProtocolException failure = Decoding.failure(
                TupleData::read, new Bytes().int16(2).int8('n').int8('x').toByteArray());

        assertThat(failure).hasMessage("unknown kind 0x78 of column 1 (at offset 3)");
    }

    @Test
    void rejectsLengthsThatAreNegativeOrTooGreat() {
        for (char kind : new char[] {'t', 'b'}) {
            for (long length : new long[] {-1, Integer.MIN_VALUE, 4, Integer.MAX_VALUE}) {
                byte[] bytes = new Bytes()
                        .int16(1)
                        .int8(kind)
                        .int32(length)
                        .text("abc")
                        .toByteArray();
                assertThat(Decoding.failure(TupleData::read, bytes).offset()).isEqualTo(7);
            }
        }
    }

    @Test
    void readsTheColumnCountUnsigned() {
        Bytes bytes = new Bytes().int16(40_000);
        for (int i = 0; i < 40_000; i++) {
            bytes.int8('n');
        }

        assertThat(read(bytes).size()).isEqualTo(40_000);
    }

    @Test
    void leavesWhatFollowsIt() {
        ByteCursor cursor = new ByteCursor(everyKind().text("N").toByteArray());
        TupleData.read(cursor);

        assertThat(cursor.readByte()).isEqualTo((byte) 'N');
    }

    @Test
    void refusesColumnsThatAreNotThere() {
        TupleData tuple = read(everyKind());

        assertThatThrownBy(() -> tuple.kind(5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tuple.kind(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tuple.value(5)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void isBorrowedButItsCopyIsNot() {
        byte[] array = everyKind().toByteArray();
        TupleData tuple = TupleData.read(new ByteCursor(array));
        TupleData copy = tuple.copy();
        assertThat(copy).isEqualTo(tuple).hasSameHashCodeAs(tuple);

        Arrays.fill(array, (byte) 'z');

        assertThat(copy).isEqualTo(read(everyKind()));
        assertThat(copy.copy()).isEqualTo(copy);
        assertThatThrownBy(() -> tuple.kind(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("copy()");
    }

    @Test
    void isEqualByContent() {
        TupleData tuple = read(everyKind());

        assertThat(tuple).isEqualTo(TupleData.read(new ByteCursor(everyKind().toByteArray())));
        assertThat(read(new Bytes().int16(0))).isEqualTo(read(new Bytes().int16(0)));
        assertThat(tuple).isNotEqualTo(read(new Bytes().int16(1).int8('n')));
        assertThat(read(new Bytes().int16(1).int8('t').int32(0)))
                .isNotEqualTo(read(new Bytes().int16(1).int8('b').int32(0)));
        // The same bytes cut into columns in another way.
        assertThat(read(new Bytes().int16(1).int8('t').int32(1).text("n")))
                .isNotEqualTo(read(new Bytes().int16(2).int8('t').int32(0).int8('n')));
    }

    @Test
    void hashesKindsAndBytes() {
        TupleData nothing = read(new Bytes().int16(1).int8('n'));

        assertThat(nothing).doesNotHaveSameHashCodeAs(read(new Bytes().int16(1).int8('u')));
        assertThat(nothing)
                .doesNotHaveSameHashCodeAs(read(new Bytes().int16(2).int8('n').int8('n')));
    }

    @Test
    void printsKindsAndLengthsButNoContent() {
        assertThat(read(everyKind())).hasToString("TupleData[TEXT(3), NULL, BINARY(2), UNCHANGED_TOAST, TEXT]");
    }
}
