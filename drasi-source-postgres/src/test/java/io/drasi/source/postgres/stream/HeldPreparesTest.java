// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.wire.Lsn;
import org.junit.jupiter.api.Test;

class HeldPreparesTest {
    private final HeldPrepares held = new HeldPrepares();

    private long below(long confirmed) {
        return held.below(new Lsn(confirmed)).value();
    }

    @Test
    void holdsNothingWithoutAPreparedTransaction() {
        assertThat(below(500)).isEqualTo(500);
    }

    @Test
    void holdsAtTheFirstThatHasNotEnded() {
        held.prepared(new Lsn(200));
        held.prepared(new Lsn(300));
        assertThat(below(100)).isEqualTo(100);
        assertThat(below(500)).isEqualTo(200);
        held.ended(new Lsn(200), new Lsn(450));
        assertThat(below(500)).isEqualTo(300);
    }

    /** The stream that begins where that is told has to bring the content for the end that it brings again. */
    @Test
    void holdsUntilItsEndIsConfirmed() {
        held.prepared(new Lsn(200));
        held.ended(new Lsn(200), new Lsn(450));
        assertThat(below(449)).isEqualTo(200);
        assertThat(below(450)).isEqualTo(450);
        assertThat(below(449)).as("it is over").isEqualTo(449);
    }
}
