// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.model.SourceHost;
import io.drasi.model.StatusChange;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.util.function.Consumer;

/**
 * Specification, option {@code auto_start}: a host starts the sources that are added to it and stops them together. Each
 * source needs a replication slot of its own.
 */
final class SeveralSources {
    private SeveralSources() {}

    static SourceHost start(String password, Consumer<StatusChange> statusListener) {
        SourceHost host = new SourceHost();
        for (String database : new String[] {"shop", "billing"}) {
            PostgresReplicationSource source = PostgresReplicationSource.builder(database)
                    .withHost("localhost")
                    .withDatabase(database)
                    .withUser("drasi")
                    .withPassword(password)
                    .withSlotName("drasi_" + database)
                    .build();
            source.addStatusListener(statusListener);
            host.add(source);
        }
        return host;
    }
}
