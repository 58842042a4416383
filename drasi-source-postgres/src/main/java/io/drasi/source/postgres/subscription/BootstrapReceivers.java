// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import java.util.Collection;
import java.util.List;

/** The subscriptions that share one bootstrap. One thread. */
public final class BootstrapReceivers {
    private final List<SourceSubscription> receivers;
    private final Collection<SourceSubscription> open;

    BootstrapReceivers(List<SourceSubscription> receivers, Collection<SourceSubscription> open) {
        this.receivers = receivers;
        this.open = open;
    }

    /** Whether all of them were closed, so that nobody waits for the rest. */
    public boolean gone() {
        return receivers.stream().noneMatch(open::contains);
    }

    /** Whether one of them wants the rows of that label. */
    public boolean take(String label) {
        return receivers.stream().anyMatch(receiver -> receiver.takes(label));
    }

    /** Waits until each has room for it. */
    public void put(SourceEvent.BootstrapBatch batch) {
        for (SourceSubscription receiver : receivers) {
            receiver.putBatch(batch);
        }
    }

    public void complete(Position position) {
        for (SourceSubscription receiver : receivers) {
            receiver.completeBootstrap(position);
        }
    }
}
