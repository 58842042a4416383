// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.subscription;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.schema.TableShape;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The open subscriptions that are given a bootstrap beside the shared stream: what log is kept for them, and how they come to
 * share the stream, at a place where nothing is lost or given twice.
 */
public final class BesideStream {
    private final Subscriptions registry;
    private final List<SourceSubscription> open;
    private final SharedStream stream; // is asked with the registry's monitor held

    /** Nobody is given anything beside the stream any more; who waits to do so gives up. */
    private volatile boolean ended;

    /** @param open the registry's, copied on write: others open and close meanwhile */
    BesideStream(Subscriptions registry, List<SourceSubscription> open, SharedStream stream) {
        this.registry = registry;
        this.open = open;
        this.stream = stream;
    }

    /** Somebody may be given something beside the stream. */
    public void begin() {
        ended = false;
    }

    /** What is given beside the stream ends here; those who are given it stay open. */
    public void end() {
        ended = true;
        synchronized (registry) {
            stream.joinWait().stop();
        }
        open.forEach(SourceSubscription::lookAgain);
    }

    /** Takes no lock: it is asked by subscriptions that hold theirs. */
    boolean hasEnded() {
        return ended;
    }

    // ---- the log that is kept for them ----

    /** Whether the server's log is kept longer for those who are given a bootstrap beside the stream than for all others. */
    public boolean holdsMost() {
        Optional<Lsn> onTheirWay = leastHold(true);
        return onTheirWay.isPresent()
                && leastHold(false)
                        .map(others -> onTheirWay.get().isBefore(others))
                        .orElse(true);
    }

    private Optional<Lsn> leastHold(boolean onItsWay) {
        return open.stream()
                .filter(subscription -> subscription.isOnItsWay() == onItsWay)
                .flatMap(subscription -> subscription.holdsAt().stream())
                .min(Lsn::compareTo);
    }

    /** A bootstrap beside the stream is to begin: from here on the log is kept for those who wait. */
    public void hold() {
        open.forEach(SourceSubscription::holdAgain);
    }

    /** Those who are given a bootstrap beside the stream wait for another one. */
    public void giveUp() {
        synchronized (registry) {
            open.forEach(SourceSubscription::giveUp);
            stream.joinWait().stop();
        }
    }

    /**
     * No log is kept for those who wait for a bootstrap, until one is to {@linkplain #hold begin}. It may take as long as the
     * position store does.
     *
     * @throws io.drasi.source.postgres.error.PositionsNotSavedException if the position of one can't be forgotten; to be tried
     *     again, the log is kept for it
     */
    public void letGo() {
        open.forEach(SourceSubscription::letGo);
    }

    // ---- how they come to share the stream ----

    /**
     * Those who have been given everything that committed before {@code reached} join the stream, if it has not begun to hand
     * out something after that. If it is only a little ahead, it waits for them for a moment.
     *
     * @param tables as they know them, by OID
     * @return whether they have joined
     */
    public boolean join(BootstrapReceivers receivers, Lsn reached, Map<Long, TableShape> tables) {
        synchronized (registry) {
            if (!stream.paused() && !stream.handingOut().isBefore(reached)) {
                stream.joinWait().isAhead(stream.handingOut().value() - reached.value());
                return false;
            }
            receivers.join(reached, !stream.paused(), tables);
            stream.joinWait().stop();
            return true;
        }
    }

    /** Those who were catching up go on with the stream that begins next, which brings what they lack. */
    public void joinNext(BootstrapReceivers receivers, Map<Long, TableShape> tables) {
        synchronized (registry) {
            receivers.joinAgain(tables);
        }
    }

    /** Those who were catching up can't go on with that: the stream begins again and brings what they lack. */
    public void joinAgain(BootstrapReceivers receivers, Map<Long, TableShape> tables) {
        synchronized (registry) {
            receivers.joinAgain(tables);
            stream.joinWait().stop();
            stream.beginAgain();
        }
        registry.changed();
    }
}
