// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.StoredPosition;
import io.drasi.postgres.client.replication.TimelineHistory;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReadLogTest {
    /** Timeline 4 comes from 2, which came from 1; timeline 3 was begun by another server. */
    private static final ReadLog LOG = new ReadLog(
            "7",
            "drasi",
            new TimelineHistory(4, Map.of(1L, new Lsn(100), 2L, new Lsn(200))),
            "db:5432 since noon",
            false);

    private static StoredPosition stored(Position position, String origin) {
        return new StoredPosition(position, origin);
    }

    private static Optional<String> why(Position position, long timeline) {
        return LOG.misfit(stored(position, "PostgreSQL system 7, slot drasi, timeline " + timeline))
                .map(ReadLog.Misfit::why);
    }

    @Test
    void takesWhatItHasStoredItself() {
        assertThat(LOG.origin()).isEqualTo("PostgreSQL system 7, slot drasi, timeline 4");
        assertThat(LOG.misfit(stored(new Position(1_000_000, 3), LOG.origin()))).isEmpty();
    }

    @Test
    void takesAPositionOfAnEarlierTimelineUpToWhereThatWasLeft() {
        assertThat(why(new Position(199, 5), 2)).isEmpty();
        assertThat(why(Position.before(200), 2))
                .as("a record that begins there is not known")
                .isEmpty();
        assertThat(why(new Position(200, 0), 2).orElseThrow())
                .contains("promoted when it had the log up to 0/C8 (timeline 4 comes from timeline 2)");
        assertThat(why(Position.before(201), 2)).isPresent();
        assertThat(why(Position.before(100), 1)).isEmpty();
        assertThat(why(new Position(100, 0), 1)).isPresent();
    }

    /** It was promoted while it was read from, and what it sent then was taken for a part of the old timeline. */
    @Test
    void takesAPositionThatTheServerItselfHasSentWhenItWasAStandby() {
        ReadLog before = new ReadLog("7", "drasi", new TimelineHistory(2, Map.of()), "db:5432 since noon", true);
        assertThat(before.origin())
                .isEqualTo("PostgreSQL system 7, slot drasi, timeline 2 of standby db:5432 since noon");
        StoredPosition beyond = stored(new Position(250, 0), before.origin());
        assertThat(LOG.misfit(beyond)).isEmpty();
        assertThat(LOG.misfit(stored(new Position(150, 0), before.origin()))).isEmpty();
        ReadLog restarted = new ReadLog("7", "drasi", LOG.history(), "db:5432 since one o'clock", false);
        assertThat(restarted.misfit(beyond).orElseThrow().why()).contains("promoted when it had the log up to 0/C8");
        assertThat(restarted.misfit(stored(new Position(150, 0), before.origin())))
                .isEmpty();
        assertThat(before.misfit(stored(new Position(250, 0), "PostgreSQL system 7, slot drasi, timeline 3")))
                .isPresent();
    }

    @Test
    void refusesAPositionOfATimelineThatItDoesNotComeFrom() {
        assertThat(why(new Position(1, 0), 3).orElseThrow()).contains("timeline 4 does not come from");
    }

    @Test
    void refusesAPositionOfALaterTimeline() {
        assertThat(why(new Position(1, 0), 5).orElseThrow())
                .contains("one of timeline 5, but the server is on timeline 4");
        assertThat(LOG.isBefore(stored(new Position(1, 0), "PostgreSQL system 7, slot drasi, timeline 5")))
                .isTrue();
        assertThat(LOG.isBefore(stored(new Position(1, 0), "PostgreSQL system 8, slot drasi, timeline 5")))
                .as("of another server nothing is known")
                .isFalse();
        assertThat(LOG.isBefore(stored(new Position(1, 0), LOG.origin()))).isFalse();
    }

    @Test
    void refusesAPositionOfAnotherServerOrSlot() {
        for (String origin : new String[] {
            "PostgreSQL system 8, slot drasi, timeline 4",
            "PostgreSQL system 7, slot other, timeline 4",
            "PostgreSQL system 7, slot drasi",
            "somewhere"
        }) {
            assertThat(LOG.misfit(stored(new Position(1, 0), origin))
                            .orElseThrow()
                            .why())
                    .isEqualTo("the stored position is one of [" + origin
                            + "], but the source reads from [PostgreSQL system 7, slot drasi, timeline 4]");
        }
    }
}
