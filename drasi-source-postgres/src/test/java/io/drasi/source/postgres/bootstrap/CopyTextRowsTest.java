// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.change.Tuples;
import io.drasi.source.postgres.error.DecodingException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CopyTextRowsTest {
    @Test
    void readsTheFieldsOfARow() {
        assertThat(read(3, 0, "1\t\\N\té\n").tuple()).isEqualTo(Tuples.tuple("1", null, "é"));
    }

    @Test
    void undoesEscapes() {
        assertThat(read(2, 0, "a\\tb\\nc\\\\d\\rx\t\\b\\f\\v\n").tuple())
                .isEqualTo(Tuples.tuple("a\tb\nc\\d\rx", "\b\f\u000B"));
    }

    @Test
    void tellsAnEscapedBackslashNFromNull() {
        assertThat(read(1, 0, "\\\\N\n").tuple()).isEqualTo(Tuples.tuple("\\N"));
        assertThat(read(1, 0, "\\N\n").tuple()).isEqualTo(Tuples.tuple((String) null));
    }

    @Test
    void readsEmptyFields() {
        assertThat(read(1, 0, "\n").tuple()).isEqualTo(Tuples.tuple(""));
        assertThat(read(3, 0, "\t\t\n").tuple()).isEqualTo(Tuples.tuple("", "", ""));
        assertThat(read(0, 0, "\n").tuple()).isEqualTo(Tuples.tuple());
    }

    @Test
    void takesTheLeadingFieldsApart() {
        CopyRows.Row row = read(1, 2, "16384\t(0,1)\tx\n");
        assertThat(row.leading()).containsExactly("16384", "(0,1)");
        assertThat(row.tuple()).isEqualTo(Tuples.tuple("x"));
    }

    @Test
    void refusesWhatIsNotARow() {
        assertThatThrownBy(() -> read(2, 0, "1\n"))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("table t");
        assertThatThrownBy(() -> read(1, 0, "1\t2\n")).hasMessageContaining("1 columns");
        assertThatThrownBy(() -> read(0, 0, "1\n")).hasMessageContaining("0 columns");
        assertThatThrownBy(() -> read(1, 0, "1")).hasMessageContaining("line feed");
        assertThatThrownBy(() -> read(1, 0, "")).hasMessageContaining("line feed");
        assertThatThrownBy(() -> read(1, 0, "a\\\n")).hasMessageContaining("backslash");
    }

    private static CopyRows.Row read(int columns, int leading, String line) {
        byte[] bytes = ("junk" + line).getBytes(StandardCharsets.UTF_8);
        return new CopyTextRows(columns, leading, "t")
                .read(new ByteSlice(bytes, 4, bytes.length - 4))
                .orElseThrow();
    }
}
