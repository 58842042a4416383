// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.server.Step;

/** How far a run has come, over all its connections. Changed by the run's thread; the positions are for any to read. */
final class RunProgress {
    /** Everything before it was handed out. */
    private volatile Lsn reached = Lsn.INVALID;
    /** Everything before it is confirmed, and the server may know that; what was not told to it is not after this. */
    private volatile Lsn told = Lsn.INVALID;

    private Step step = Step.CONNECT;

    /** What is being done, for the case that it fails. */
    Step step() {
        return step;
    }

    void step(Step now) {
        step = now;
    }

    Lsn reached() {
        return reached;
    }

    Lsn told() {
        return told;
    }

    /** A stream has ended there. */
    void streamed(Lsn reachedThere, Lsn toldThere) {
        reached = reachedThere;
        told = toldThere;
    }

    /** There is a new slot: everything before counts as confirmed. */
    void slotStartsAt(Lsn consistentPoint) {
        told = consistentPoint;
    }

    /** There is no slot any more. */
    void forget() {
        reached = Lsn.INVALID;
        told = Lsn.INVALID;
    }
}
