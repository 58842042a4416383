// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RowTest {
    private static final Row ROW =
            new Row(List.of("id", "flag", "nothing"), List.of(Optional.of("42"), Optional.of("t"), Optional.empty()));

    @Test
    void givesValuesByNameAndIndex() {
        assertThat(ROW.text("id")).contains("42");
        assertThat(ROW.required(0)).isEqualTo("42");
        assertThat(ROW.requiredLong("id")).isEqualTo(42);
        assertThat(ROW.requiredBoolean("flag")).isTrue();
        assertThat(ROW.isNull("nothing")).isTrue();
        assertThat(ROW.isNull(0)).isFalse();
    }

    @Test
    void tellsWhatIsNotThere() {
        assertThatIllegalStateException()
                .isThrownBy(() -> ROW.required("nothing"))
                .withMessage("column nothing is NULL");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ROW.text("other"))
                .withMessage("no column 'other' among [id, flag, nothing]");
        assertThatIllegalArgumentException().isThrownBy(() -> ROW.text(3));
        assertThatIllegalStateException().isThrownBy(() -> ROW.requiredBoolean("id"));
    }

    @Test
    void isTheSingleRowOnlyOfAResultWithOneRow() {
        QueryResult one = new QueryResult(ROW.columnNames(), List.of(ROW), "SELECT 1", List.of());
        assertThat(one.single()).isEqualTo(ROW);
        QueryResult none = new QueryResult(ROW.columnNames(), List.of(), "SELECT 0", List.of());
        assertThatIllegalStateException().isThrownBy(none::single).withMessageContaining("got 0");
    }
}
