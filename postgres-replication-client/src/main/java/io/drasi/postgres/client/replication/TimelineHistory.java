// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.replication;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The answer to TIMELINE_HISTORY: a promotion begins a new timeline, whose log goes on from some position of the one before.
 *
 * @param timeline whose history it is
 * @param leftAt the timelines before it, and for each the position up to which its log is part of this one's
 */
public record TimelineHistory(long timeline, Map<Long, Lsn> leftAt) {
    /** Number of the timeline, where it was left, why; comments begin with #. */
    private static final Pattern LINE = Pattern.compile("(\\d{1,10})\\s+([0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8})(?:\\s.*)?");

    public TimelineHistory {
        leftAt = Collections.unmodifiableMap(new LinkedHashMap<>(leftAt));
    }

    /**
     * Up to where the log of another timeline is part of this one's.
     *
     * @return empty if none of it is: this timeline does not come from that one
     */
    public Optional<Lsn> leftAt(long other) {
        return Optional.ofNullable(leftAt.get(other));
    }

    /**
     * Reads a history file.
     *
     * @throws ProtocolException if a line is none of such a file
     */
    public static TimelineHistory parse(long timeline, String content) {
        Map<Long, Lsn> leftAt = new LinkedHashMap<>();
        content.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .forEach(line -> {
                    Matcher matcher = LINE.matcher(line);
                    if (!matcher.matches()) {
                        throw new ProtocolException(
                                "the history of timeline " + timeline + " has the line '" + line + "'", 0);
                    }
                    leftAt.put(Long.parseLong(matcher.group(1)), Lsn.parse(matcher.group(2)));
                });
        return new TimelineHistory(timeline, leftAt);
    }
}
