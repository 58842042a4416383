// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PositionTest {
    @Test
    void ordersByUnsignedLsnThenOrdinal() {
        assertThat(new Position(-1, 0)).isGreaterThan(new Position(1, 5));
        assertThat(new Position(1, 0)).isGreaterThan(Position.before(1)).isLessThan(new Position(1, 1));
    }

    @Test
    void readsWhatItPrints() {
        for (Position position : new Position[] {
            Position.before(0), new Position(0x16B3748, 3), new Position(-1, Long.MAX_VALUE), new Position(1L << 40, 0)
        }) {
            assertThat(Position.parse(position.toString())).isEqualTo(position);
        }
        assertThat(new Position(0x16B3748, 3)).hasToString("0/16B3748:3");
        assertThat(new Position(0xFFL << 32, 3).lsnText()).isEqualTo("FF/0");
    }

    @Test
    void refusesOtherTexts() {
        for (String text : new String[] {"", "0/1", "/1:0", "0/:1", "x/1:0", "0/1:x", "0/1:-2", "100000000/0:0"}) {
            assertThatThrownBy(() -> Position.parse(text)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
