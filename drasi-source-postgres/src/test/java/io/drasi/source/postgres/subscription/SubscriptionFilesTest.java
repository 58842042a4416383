// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import static io.drasi.source.postgres.subscription.SubscriptionFixture.NOW;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.streaming;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.subscriptions;
import static io.drasi.source.postgres.subscription.SubscriptionFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.DispatchMode;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.SubscriptionLaggedException;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.transaction.CommittedTransaction;
import io.drasi.source.postgres.transaction.TransactionFixture;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long the file of a large transaction is there. */
class SubscriptionFilesTest {
    @TempDir
    Path directory;

    private Spool spool;

    @BeforeEach
    void open() {
        spool = new Spool("s", directory, cause -> {});
    }

    @AfterEach
    void close() {
        spool.close();
        assertThat(directory).isEmptyDirectory();
    }

    /** As the stream does. */
    private void handOut(Subscriptions subscriptions, long commitLsn) {
        CommittedTransaction large = TransactionFixture.spooled(spool, commitLsn, commitLsn + 10);
        subscriptions.handOut(large);
        large.release();
    }

    @Test
    void isThereUntilEachHasConfirmedItOrIsClosed() throws Exception {
        Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);
        SourceSubscription confirming = streaming(subscriptions, "confirming");
        SourceSubscription closing = streaming(subscriptions, "closing");
        SourceSubscription waiting = streaming(subscriptions, "waiting");
        handOut(subscriptions, 100);
        SourceEvent.Transaction taken = transaction(confirming);
        transaction(closing);
        closing.close();
        assertThat(directory).isNotEmptyDirectory();
        confirming.confirm(taken);
        assertThat(directory).as("it waits in a queue").isNotEmptyDirectory();
        waiting.close();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void isNotKeptIfNobodyWantsIt() {
        Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);
        subscriptions.open(SubscriptionSettings.forQuery("q").withLabels("orders"));
        subscriptions.beginStream();
        handOut(subscriptions, 100);
        assertThat(directory).isEmptyDirectory();
    }

    /** The subscriber may be in the midst of it when it lags behind, or when the source ends. */
    @Test
    void isThereForOneThatHasTakenItAndLagsBehindABroadcast() throws Exception {
        Subscriptions broadcast = subscriptions(DispatchMode.BROADCAST, 1);
        SourceSubscription subscription = streaming(broadcast, "q");
        handOut(broadcast, 100);
        SourceEvent.Transaction taken = transaction(subscription);
        handOut(broadcast, 200);
        handOut(broadcast, 300);
        assertThat(taken.cursor().next()).isTrue();
        assertThat(directory).isNotEmptyDirectory();
        assertThatThrownBy(() -> subscription.poll(NOW)).isInstanceOf(SubscriptionLaggedException.class);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void isThereForOneThatHasTakenItWhenTheSourceEnds() throws Exception {
        Subscriptions subscriptions = subscriptions(DispatchMode.CHANNEL, 10);
        SourceSubscription subscription = streaming(subscriptions, "q");
        handOut(subscriptions, 100);
        handOut(subscriptions, 200);
        transaction(subscription);
        subscriptions.endAll(null);
        assertThat(directory).isNotEmptyDirectory();
        subscription.confirm(new Position(100, 0));
        assertThat(directory).isEmptyDirectory();
    }
}
