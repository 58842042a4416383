// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ElementPropertiesTest {
    private static final ElementValue ONE = new ElementValue.IntegerValue(1);

    @Test
    void tellsAbsentFromNull() {
        ElementProperties row = ElementProperties.owning(
                PropertyNames.of(List.of("a", "b", "c")), new ElementValue[] {ONE, null, ElementValue.NULL});
        assertThat(row.get("a")).contains(ONE);
        assertThat(row.get("b")).isEmpty();
        assertThat(row.get("c")).contains(ElementValue.NULL);
        assertThat(row.get("z")).isEmpty();
        assertThat(row.toMap()).containsOnlyKeys("a", "c");
        assertThat(row.isPresent(1)).isFalse();
    }

    @Test
    void isEqualByWhatIsPresent() {
        ElementProperties row =
                ElementProperties.owning(PropertyNames.of(List.of("a", "b")), new ElementValue[] {ONE, null});
        assertThat(row).isEqualTo(ElementProperties.of(Map.of("a", ONE)));
        assertThat(row).hasSameHashCodeAs(ElementProperties.of(Map.of("a", ONE)));
        assertThat(row).isNotEqualTo(ElementProperties.of(Map.of("a", ElementValue.NULL)));
        assertThat(ElementProperties.empty()).isNotEqualTo(row);
    }

    @Test
    void refusesNamesThatDoNotFit() {
        assertThatThrownBy(() -> ElementProperties.owning(PropertyNames.of(List.of("a")), new ElementValue[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PropertyNames.of(List.of("a", "a"))).hasMessageContaining("'a'");
    }

    @Test
    void keepsItsBytesToItself() {
        byte[] bytes = {1, 2};
        ElementValue.BytesValue value = ElementValue.BytesValue.copyOf(bytes);
        bytes[0] = 9;
        value.toByteArray()[1] = 9;
        assertThat(value).isEqualTo(ElementValue.BytesValue.copyOf(new byte[] {1, 2}));
        assertThat(value).hasToString("BytesValue[0102]");
    }
}
