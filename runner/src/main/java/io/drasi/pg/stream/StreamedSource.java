// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.Subscription;
import io.drasi.pg.output.EventPrinter;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.util.Optional;

/**
 * A source that is about to run, with its subscription.
 *
 * @param bootstrap whether the subscription asked for a bootstrap
 */
public record StreamedSource(
        PostgresReplicationSource source,
        Subscription subscription,
        boolean bootstrap,
        EventPrinter printer,
        Optional<EndPosition> end) {}
