// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.Position;
import io.drasi.testkit.Bytes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A transaction in the log of a fake server, with what subscribers have to be given of it.
 *
 * @param index its number in the log, from 0 on
 * @param messages between Begin and Commit
 * @param last the position of the last change that counts, also if nobody is given it
 * @param shapes by label, of the tables that are described in it, as they are at its end
 */
record FakeTransaction(
        int index,
        long xid,
        long commitLsn,
        long endLsn,
        long commitMicros,
        List<Message> messages,
        List<Change> changes,
        Position last,
        Map<String, Integer> shapes) {
    /** @param tables that the server describes before, if it has not done so in this session */
    record Message(List<FakeTable> tables, Bytes bytes) {}

    /**
     * @param text as {@link ReadableChange} writes it; of a truncate only what stands behind the labels
     * @param shape of the table, of a truncate -1
     */
    record Change(Position position, List<String> labels, String text, int shape) {
        /** As one who wants these labels (none: all) is given it. */
        Optional<String> wanted(Set<String> by) {
            List<String> wanted = labels.stream()
                    .filter(label -> by.isEmpty() || by.contains(label))
                    .toList();
            if (wanted.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(shape < 0 ? "truncate " + wanted + text : text);
        }
    }

    /** What one who wants these labels is given of it after a position. */
    List<Change> wanted(Set<String> labels, Position after) {
        return changes.stream()
                .filter(change -> change.position().compareTo(after) > 0)
                .filter(change -> change.wanted(labels).isPresent())
                .toList();
    }

    byte[] begin() {
        return new Bytes()
                .int8('B')
                .int64(commitLsn)
                .int64(commitMicros)
                .int32(xid)
                .toByteArray();
    }

    byte[] commit() {
        return commitAt(commitLsn);
    }

    byte[] commitAt(long lsn) {
        return new Bytes()
                .int8('C')
                .int8(0)
                .int64(lsn)
                .int64(endLsn)
                .int64(commitMicros)
                .toByteArray();
    }
}
