// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.subscription.BootstrapReceivers;
import io.drasi.source.postgres.subscription.Subscriptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TableProgressTest {
    private final Subscriptions subscriptions =
            new Subscriptions("source", DispatchMode.CHANNEL, 100, () -> {}, () -> {});
    private final Subscription all =
            subscriptions.open(SubscriptionSettings.forQuery("all").withBootstrap());
    private final Subscription others = subscriptions.open(
            SubscriptionSettings.forQuery("o").withBootstrap().withLabels("orders"));
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1);

    @Test
    void tellsThoseWhoGetTheRowsAtTheBeginningOnceASecondAndAtTheEnd() throws Exception {
        BootstrapReceivers receivers = subscriptions.startBootstrap(
                new SourceEvent.BootstrapStarted(Position.before(500), Instant.EPOCH, List.of("users", "orders")),
                new Lsn(500),
                false);
        TableProgress progress = new TableProgress("source", "users", 70, receivers, clock::get);
        progress.begin();
        progress.add(10);
        later(900);
        progress.add(10);
        later(200);
        progress.add(10);
        progress.add(10);
        progress.begin(); // another part of it
        later(1_000);
        progress.add(10);
        progress.add(1);
        progress.done();
        assertThat(told(all))
                .containsExactly(
                        new SourceEvent.BootstrapProgress("users", 0, 70, false),
                        new SourceEvent.BootstrapProgress("users", 30, 70, false),
                        new SourceEvent.BootstrapProgress("users", 50, 70, false),
                        new SourceEvent.BootstrapProgress("users", 51, 70, true));
        assertThat(told(others)).isEmpty();
        assertThat(progress.rows()).isEqualTo(51);
    }

    private void later(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private static List<SourceEvent> told(Subscription subscription) throws InterruptedException {
        List<SourceEvent> told = new ArrayList<>();
        for (Optional<SourceEvent> event = subscription.poll(Duration.ZERO);
                event.isPresent();
                event = subscription.poll(Duration.ZERO)) {
            told.add(event.get());
        }
        assertThat(told.remove(0)).isInstanceOf(SourceEvent.BootstrapStarted.class);
        return told;
    }
}
