// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.change.Tuples;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import io.drasi.testkit.Bytes;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CopyBinaryRowsTest {
    private static final byte[] SIGNATURE = Bytes.hex("5047434f50590aff0d0a00");
    private static final byte[] HEADER = Bytes.concat(SIGNATURE, Bytes.hex("00000000 00000000"));
    private static final byte[] TRAILER = Bytes.hex("ffff");
    private static final byte[] ROW = Bytes.hex("0002 00000001 41 00000002 4243");

    private final CopyBinaryRows rows = rows(2, List.of());

    @Test
    void readsTheFirstRowBehindTheHeaderAndTheOthersByThemselves() {
        assertThat(row(Bytes.concat(HEADER, ROW)).tuple()).isEqualTo(Tuples.binary(Bytes.of('A'), Bytes.of('B', 'C')));
        CopyRows.Row second = row(Bytes.hex("0002 00000000 00000001 44"));
        assertThat(second.tuple()).isEqualTo(Tuples.binary(Bytes.of(), Bytes.of('D')));
        assertThat(second.leading()).isEmpty();
        assertThat(read(TRAILER)).isEmpty();
        rows.end();
    }

    @Test
    void tellsNullFromAnEmptyValue() {
        assertThat(row(Bytes.concat(HEADER, Bytes.hex("0002 ffffffff 00000000")))
                        .tuple())
                .isEqualTo(Tuples.binary(null, Bytes.of()));
    }

    @Test
    void readsATableWithoutColumns() {
        CopyBinaryRows none = rows(0, List.of());
        assertThat(read(none, Bytes.concat(HEADER, Bytes.hex("0000")))
                        .orElseThrow()
                        .tuple())
                .isEqualTo(Tuples.binary());
    }

    @Test
    void takesTheLeadingFieldsApart() {
        CopyBinaryRows placed = rows(1, CopyBinaryRows.place());
        byte[] row = Bytes.hex("0003 00000004 00004000 00000006 00000000 0001 00000001 41");
        CopyRows.Row read = read(placed, Bytes.concat(HEADER, row)).orElseThrow();
        assertThat(read.leading()).containsExactly("16384", "(0,1)");
        assertThat(read.tuple()).isEqualTo(Tuples.binary(Bytes.of('A')));
    }

    @Test
    void keepsTheRowWhenTheMessageIsOverwritten() {
        byte[] message = Bytes.concat(HEADER, ROW);
        CopyRows.Row read = rows.read(ByteSlice.of(message)).orElseThrow();
        Arrays.fill(message, (byte) 0);
        assertThat(read.tuple()).isEqualTo(Tuples.binary(Bytes.of('A'), Bytes.of('B', 'C')));
    }

    @Test
    void readsATableWithoutRows() {
        assertThat(read(Bytes.concat(HEADER, TRAILER))).isEmpty();
        rows.end();
    }

    @Test
    void stepsOverAnExtensionOfTheHeader() {
        byte[] header = Bytes.concat(SIGNATURE, Bytes.hex("00000001 00000003 010203"));
        assertThat(row(Bytes.concat(header, ROW)).tuple()).isEqualTo(Tuples.binary(Bytes.of('A'), Bytes.of('B', 'C')));
    }

    @Test
    void refusesAHeaderThatItDoesNotKnow() {
        for (int i = 0; i < SIGNATURE.length; i++) {
            byte[] header = HEADER.clone();
            header[i] ^= 1;
            assertRefused(rows(2, List.of()), "without the signature", Bytes.concat(header, ROW));
        }
        for (String flags : new String[] {"00010000", "80000000", "00030001"}) {
            byte[] header = Bytes.concat(SIGNATURE, Bytes.hex(flags + "00000000"));
            assertRefused(rows(2, List.of()), "unknown flags 0x", Bytes.concat(header, ROW));
        }
        for (String extension : new String[] {"ffffffff", "80000000", "7fffffff", "00000010"}) {
            byte[] header = Bytes.concat(SIGNATURE, Bytes.hex("00000000" + extension));
            assertRefused(rows(2, List.of()), "no row in binary format", Bytes.concat(header, ROW));
        }
    }

    @Test
    void refusesEveryTruncationOfARow() {
        for (byte[] truncation : Bytes.truncations(Bytes.concat(HEADER, ROW))) {
            assertRefused(rows(2, List.of()), "no row in binary format", truncation);
        }
    }

    @Test
    void refusesAnotherCountOfColumnsThanTheTableHas() {
        read(Bytes.concat(HEADER, ROW));
        assertRefused(rows, "has not 2 columns", Bytes.hex("0001 00000001 41"));
        assertRefused(rows, "has not 2 columns", Bytes.hex("0003 ffffffff ffffffff ffffffff"));
        assertRefused(rows, "has not 2 columns", Bytes.hex("0000"));
        assertRefused(rows, "has not 2 columns", Bytes.hex("ffff 00"));
        assertRefused(rows, "1 bytes behind a row", Bytes.concat(ROW, Bytes.of(0)));
    }

    @Test
    void refusesLengthsThatDoNotFit() {
        read(Bytes.concat(HEADER, ROW));
        for (String length : new String[] {"fffffffe", "80000000", "7fffffff", "00000006"}) {
            assertRefused(rows, "no row in binary format", Bytes.hex("0002" + length + "00000001 41"));
        }
    }

    @Test
    void refusesAPlaceThatItCannotRead() {
        for (String place : new String[] {
            "ffffffff 00000006 00000000 0001", // NULL
            "80000000 00000006 00000000 0001",
            "7fffffff 00000006 00000000 0001",
            "00000003 004000 00000006 00000000 0001",
            "00000004 00004000 ffffffff",
            "00000004 00004000 00000005 00000000 00",
            "00000004 00004000 7fffffff 00000000 0001"
        }) {
            byte[] row = Bytes.concat(HEADER, Bytes.hex("0003" + place + "00000001 41"));
            assertRefused(rows(1, CopyBinaryRows.place()), "no row in binary format", row);
        }
    }

    @Test
    void refusesRowsBehindTheTrailer() {
        read(Bytes.concat(HEADER, TRAILER));
        assertRefused(rows, "behind the trailer", ROW);
        assertRefused(rows, "behind the trailer", TRAILER);
    }

    @Test
    void refusesAnEndWithoutATrailer() {
        assertThatThrownBy(rows::end).isInstanceOf(DecodingException.class).hasMessageContaining("without a trailer");
        read(Bytes.concat(HEADER, ROW));
        assertThatThrownBy(rows::end)
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("COPY of table t")
                .hasMessageContaining("without a trailer");
    }

    private CopyRows.Row row(byte[] message) {
        return read(message).orElseThrow();
    }

    private Optional<CopyRows.Row> read(byte[] message) {
        return read(rows, message);
    }

    /** From the middle of a larger array, as messages come. */
    private static Optional<CopyRows.Row> read(CopyBinaryRows rows, byte[] message) {
        byte[] array =
                new Bytes().text("junk").bytes(message).text("and more junk").toByteArray();
        return rows.read(new ByteSlice(array, 4, message.length));
    }

    private static void assertRefused(CopyBinaryRows rows, String why, byte[] message) {
        assertThatThrownBy(() -> read(rows, message))
                .as(new Bytes().bytes(message).toString())
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("COPY of table t")
                .hasMessageContaining(why);
    }

    private static CopyBinaryRows rows(int columns, List<Long> leading) {
        return new CopyBinaryRows(columns, leading, new BinaryTypes(new DatabaseTypes(false)), "t");
    }
}
