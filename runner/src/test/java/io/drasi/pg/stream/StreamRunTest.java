// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.Subscription;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.EventPrinter;
import io.drasi.pg.output.Events;
import io.drasi.pg.process.StopRequest;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StreamRunTest {
    private static final EventPrinter PRINTS_NOTHING = event -> {};

    private final StopRequest stop = new StopRequest();

    /** A source that is never started: what it yields is given. */
    private static StreamedSource source(String id, Subscription subscription, EventPrinter printer) {
        PostgresReplicationSource source = PostgresReplicationSource.builder(id)
                .withDatabase("d")
                .withUser("u")
                .withAutoStart(false)
                .build();
        return new StreamedSource(source, subscription, false, printer, Optional.empty());
    }

    private void run(StreamedSource... sources) throws IOException, InterruptedException {
        new StreamRun(new CountedOutput(new ByteArrayOutputStream()), stop, true).run(List.of(sources));
    }

    @Test
    void endsInOrderWhenTheSubscriptionHasEnded() throws Exception {
        run(source("one", GivenEvents.of(Events.transaction(1, Events.insert("t:1"))), PRINTS_NOTHING));
        assertThat(stop.requested()).isFalse();
    }

    @Test
    void endsWithTheErrorThatEndedThePrinting() {
        EventPrinter printer = event -> {
            throw new OutOfMemoryError("no space");
        };
        assertThatThrownBy(() ->
                        run(source("one", GivenEvents.of(Events.transaction(1, Events.insert("t:1"))), printer)))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("no space");
        assertThat(stop.requested()).as("the other sources end too").isTrue();
    }
}
