// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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

    @Test
    void runsUntilTheTimeIsOver() {
        List<Long> values = new ArrayList<>();
        long start = System.nanoTime();
        int runs = Property.forAllWithin(Duration.ofMillis(20), random -> values.add(random.nextLong()));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(20));
        assertThat(values).hasSize(runs).doesNotHaveDuplicates();
        assertThat(Property.forAllWithin(Duration.ZERO, random -> {})).isEqualTo(1);
        List<Long> chosen = new ArrayList<>();
        Property.forAllWithin(Duration.ZERO, () -> 7, random -> chosen.add(random.nextLong()));
        assertThat(chosen).containsExactly(new Random(7).nextLong());
    }

    @Test
    void runsOnceWithAGivenSeedHoweverMuchTimeThereIs() {
        System.setProperty(Property.SEED_PROPERTY, "5");
        List<Long> values = new ArrayList<>();
        Property.forAllWithin(Duration.ofDays(1), random -> values.add(random.nextLong()));
        assertThat(values).containsExactly(new Random(5).nextLong());
    }
}
