// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.util.Set;

/** The labels of an enum, as they were learned last. One thread learns, any may meet one. */
public final class EnumLabels {
    private final Runnable onUnknown;
    private volatile Set<String> known = Set.of();

    /** @param onUnknown is run when another label is met: one was added or renamed */
    EnumLabels(Runnable onUnknown) {
        this.onUnknown = onUnknown;
    }

    void learn(Set<String> labels) {
        known = labels;
    }

    /** A value has this label. */
    public void meet(String label) {
        if (!known.contains(label)) {
            onUnknown.run();
        }
    }
}
