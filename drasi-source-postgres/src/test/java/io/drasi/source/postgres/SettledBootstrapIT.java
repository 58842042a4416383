// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import java.util.function.BiConsumer;

/** A bootstrap that was confirmed is settled, however soon after that the source ends: the next start goes on. */
class SettledBootstrapIT {
    private static final SubscriptionSettings BOOTSTRAP =
            SubscriptionSettings.forQuery(SourceFixture.QUERY_ID).withBootstrap();
    /** The end comes at another moment each time: before the stream begins, while it begins, after that. */
    private static final int ROUNDS = 8;

    @SomeVersion
    void settlesItWhenTheSourceIsStoppedAtOnce(int version) {
        check(version, (source, subscription) -> {
            source.stop();
            subscription.close();
        });
    }

    @SomeVersion
    void settlesItWhenTheSubscriptionIsClosedAtOnce(int version) {
        check(version, (source, subscription) -> {
            subscription.close();
            source.stop();
        });
    }

    private static void check(int version, BiConsumer<PostgresReplicationSource, Subscription> end) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            fixture.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder());
            for (int round = 0; round < ROUNDS; round++) {
                Recorder recorder = fixture.record(source, BOOTSTRAP, false);
                source.start();
                Position position = recorder.snapshot().completed().position();
                sleep(5L * round * round);
                recorder.subscription().confirm(position);
                end.accept(source, recorder.subscription());
                assertThat(source.slotExists()).as("round %d", round).isTrue();
            }
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
