// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PropertyTest {
    @AfterEach
    void clearSeed() {
        System.clearProperty(Property.SEED_PROPERTY);
    }

    @Test
    void runsWithDifferentSeeds() {
        List<Long> values = new ArrayList<>();
        Property.forAll(50, random -> values.add(random.nextLong()));
        assertThat(values).hasSize(50).doesNotHaveDuplicates();
    }

    @Test
    void printsASeedThatRepeatsTheFailure() {
        List<Long> values = new ArrayList<>();
        Property.Body body = random -> {
            values.add(random.nextLong());
            throw new IllegalStateException("no");
        };
        AssertionError failure = catchThrowableOfType(AssertionError.class, () -> Property.forAll(3, body));
        Matcher seed =
                Pattern.compile("run 1 of 3 .*-Ddrasi\\.seed=(-?\\d+): no").matcher(failure.getMessage());
        assertThat(seed.matches()).as(failure.getMessage()).isTrue();

        System.setProperty(Property.SEED_PROPERTY, seed.group(1));
        assertThatThrownBy(() -> Property.forAll(3, body)).hasMessageContaining("the run failed");
        assertThat(values).hasSize(2);
        assertThat(values.get(1)).isEqualTo(values.get(0));
    }
}
