// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimelineHistoryTest {
    @Test
    void tellsWhereEachTimelineWasLeft() {
        TimelineHistory history = TimelineHistory.parse(
                3, "# comment\n1\t0/3000158\tno recovery target specified\n\n2\tA/FF000000\tbefore 2024-01-01\n");
        assertThat(history.leftAt(1)).contains(Lsn.parse("0/3000158"));
        assertThat(history.leftAt(2)).contains(Lsn.parse("A/FF000000"));
        assertThat(history.leftAt(3)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "x\t0/3000158\twhy", "1\t3000158\twhy", "1\t0/300015800\twhy", "1 0/30x"})
    void refusesALineThatIsNone(String line) {
        assertThatThrownBy(() -> TimelineHistory.parse(2, line))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("timeline 2 has the line '" + line + "'");
    }
}
