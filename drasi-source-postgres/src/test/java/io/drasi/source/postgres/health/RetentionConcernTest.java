// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.health.RetentionConcern.Kind;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RetentionConcernTest {
    private static final long MB = 1 << 20;

    private static SlotReading reading(long retained, long unconfirmed, String walStatus, OptionalLong safe) {
        return new SlotReading(
                Instant.EPOCH,
                new Lsn(1),
                new Lsn(2),
                retained,
                unconfirmed,
                Optional.of(walStatus).filter(status -> !status.isEmpty()),
                safe);
    }

    private static Optional<Kind> kind(SlotReading reading) {
        return RetentionConcern.of("s", reading, 100 * MB).map(RetentionConcern::kind);
    }

    @Test
    void findsTheWorst() {
        assertThat(kind(reading(MB, MB, "reserved", OptionalLong.of(100 * MB)))).isEmpty();
        assertThat(kind(reading(100 * MB - 1, MB, "", OptionalLong.empty()))).isEmpty();
        assertThat(kind(reading(100 * MB, MB, "", OptionalLong.empty()))).contains(Kind.MUCH);
        assertThat(kind(reading(200 * MB, MB, "extended", OptionalLong.empty())))
                .contains(Kind.EXTENDED);
        assertThat(kind(reading(75 * MB, MB, "reserved", OptionalLong.of(25 * MB))))
                .isEmpty();
        assertThat(kind(reading(75 * MB, MB, "extended", OptionalLong.of(25 * MB - 4))))
                .contains(Kind.NEAR_LIMIT);
        assertThat(kind(reading(75 * MB, MB, "unreserved", OptionalLong.of(-MB))))
                .contains(Kind.UNRESERVED);
        assertThat(kind(reading(0, MB, "lost", OptionalLong.empty()))).contains(Kind.LOST);
    }

    @Test
    void warnsOfNoSizeIfToldSo() {
        assertThat(RetentionConcern.of("s", reading(Long.MAX_VALUE, 0, "", OptionalLong.empty()), 0))
                .isEmpty();
    }

    @Test
    void saysWhoHoldsTheLog() {
        assertThat(text(reading(200 * MB, 150 * MB, "", OptionalLong.empty())))
                .isEqualTo(
                        "the server keeps 200.0 MB of its log for replication slot \"s\", more than retention_warning ="
                                + " 100.0 MB. Not confirmed is 150.0 MB: see that the subscribers take and confirm their"
                                + " events.");
        assertThat(text(reading(200 * MB, MB, "extended", OptionalLong.empty())))
                .startsWith("the server keeps 200.0 MB of its log for replication slot \"s\", more than max_wal_size"
                        + " (wal_status = extended). Little of it is not confirmed: a transaction that is open")
                .endsWith("ORDER BY xact_start;");
        assertThat(text(reading(75 * MB, 75 * MB, "extended", OptionalLong.of(1536))))
                .contains(": when it has written 1.5 kB more, max_slot_wal_keep_size has it give the slot up.");
    }

    private static String text(SlotReading reading) {
        return RetentionConcern.of("s", reading, 100 * MB).orElseThrow().text();
    }

    @Test
    void writesSizesAsPeopleReadThem() {
        assertThat(RetentionConcern.size(-5)).isEqualTo("-5 bytes");
        assertThat(RetentionConcern.size(1023)).isEqualTo("1023 bytes");
        assertThat(RetentionConcern.size(-1536)).isEqualTo("-1.5 kB");
        assertThat(RetentionConcern.size(10L << 30)).isEqualTo("10.0 GB");
        assertThat(RetentionConcern.size(2048L << 40)).isEqualTo("2048.0 TB");
    }
}
