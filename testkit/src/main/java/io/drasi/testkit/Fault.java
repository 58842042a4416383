// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** What a {@link FaultyProxy} does to connections. */
public sealed interface Fault {
    /** The way that bytes go. */
    enum Direction {
        TO_SERVER,
        TO_CLIENT
    }

    /** Both sides see an end of file (FIN) after what was passed; nothing more is passed. */
    record Cut() implements Fault {}

    /** Both sides see a reset (RST), which may overtake what was passed. */
    record Reset() implements Fault {}

    /**
     * Nothing goes these ways any more, not even the end of a connection, until {@link FaultyProxy#heal}: what is sent waits
     * in the buffers. That is what the two sides see of a network that drops packets.
     */
    record Freeze(Set<Direction> directions) implements Fault {
        public Freeze {
            directions = Set.copyOf(directions);
        }

        public static Freeze bothWays() {
            return new Freeze(EnumSet.allOf(Direction.class));
        }
    }

    /** Each piece waits that long before it is passed, and those behind it with it. */
    record Delay(Duration duration) implements Fault {}

    /** No more than that many bytes a second each way; in pieces of a hundredth of a second, at least one byte. */
    record Throttle(int bytesPerSecond) implements Fault {}

    /** No more than that many bytes in one write, and so in one packet. */
    record Segment(int bytes) implements Fault {}
}
