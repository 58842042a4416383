// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SizeTextTest {
    @Test
    void readsTheUnitsOfPostgres() {
        assertThat(SizeText.parse("0")).isZero();
        assertThat(SizeText.parse("1048576")).isEqualTo(1 << 20);
        assertThat(SizeText.parse("7 B")).isEqualTo(7);
        assertThat(SizeText.parse("64kB")).isEqualTo(64 << 10);
        assertThat(SizeText.parse(" 500 MB ")).isEqualTo(500L << 20);
        assertThat(SizeText.parse("10GB")).isEqualTo(10L << 30);
        assertThat(SizeText.parse("8388607TB")).isEqualTo(8388607L << 40);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GB", "-1", "1.5GB", "10gb", "10 Gib", "8388608TB", "1e3"})
    void refusesWhatIsNone(String text) {
        assertThatThrownBy(() -> SizeText.parse(text)).hasMessage("a size such as 500MB, 10GB or 1TB");
    }
}
