// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drasi.postgres.client.replication.SlotOptions.Snapshot;
import org.junit.jupiter.api.Test;

class SlotOptionsTest {
    @Test
    void writesTheSyntaxUpTo14() {
        assertThat(SlotOptions.permanent().createCommand("s", 140_024))
                .isEqualTo("CREATE_REPLICATION_SLOT \"s\" LOGICAL pgoutput EXPORT_SNAPSHOT");
        assertThat(SlotOptions.forThisConnection()
                        .withSnapshot(Snapshot.NOTHING)
                        .createCommand("s", 100_000))
                .isEqualTo("CREATE_REPLICATION_SLOT \"s\" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT");
        assertThat(SlotOptions.permanent().withSnapshot(Snapshot.USE).createCommand("s", 100_000))
                .endsWith(" USE_SNAPSHOT");
    }

    @Test
    void writesTheSyntaxSince15() {
        assertThat(SlotOptions.permanent().createCommand("s", 150_000))
                .isEqualTo("CREATE_REPLICATION_SLOT \"s\" LOGICAL pgoutput (SNAPSHOT 'export')");
        assertThat(SlotOptions.permanent()
                        .withSnapshot(Snapshot.NOTHING)
                        .withTwoPhase(true)
                        .withFailover(true)
                        .createCommand("s", 170_000))
                .isEqualTo("CREATE_REPLICATION_SLOT \"s\" LOGICAL pgoutput (SNAPSHOT 'nothing', TWO_PHASE, FAILOVER)");
    }

    @Test
    void refusesOptionsThatTheServerDoesNotKnow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SlotOptions.permanent().withTwoPhase(true).createCommand("s", 140_000))
                .withMessage("twoPhase needs PostgreSQL 15 or later");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SlotOptions.permanent().withFailover(true).createCommand("s", 160_000))
                .withMessage("failover needs PostgreSQL 17 or later");
    }
}
