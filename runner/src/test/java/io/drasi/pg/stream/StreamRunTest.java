// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.EventPrinter;
import io.drasi.pg.output.Events;
import io.drasi.pg.process.StopRequest;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class StreamRunTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
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
        run(source("one", GivenEvents.of(() -> Events.transaction(1, Events.insert("t:1"))), PRINTS_NOTHING));
        assertThat(stop.requested()).isFalse();
    }

    @Test
    void endsWithTheErrorThatEndedThePrinting() {
        EventPrinter printer = event -> {
            throw new OutOfMemoryError("no space");
        };
        assertThatThrownBy(() ->
                        run(source("one", GivenEvents.of(() -> Events.transaction(1, Events.insert("t:1"))), printer)))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("no space");
        assertThat(stop.requested()).as("the other sources end too").isTrue();
    }

    private List<String> logOf(Runnable program) {
        Logger logger = (Logger) LoggerFactory.getLogger(StreamRun.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
        try {
            program.run();
        } finally {
            logger.detachAppender(log);
            logger.setAdditive(true);
        }
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    /** Its event is taken while the run is not yet being ended, and comes when it is. */
    private Subscription afterTheFirstFailure(CountDownLatch polled, Callable<SourceEvent> event) {
        return GivenEvents.of(() -> {
            polled.countDown();
            assertThat(stop.await(PATIENCE)).isTrue();
            return event.call();
        });
    }

    private static Subscription once(CountDownLatch otherPolled, Callable<SourceEvent> event) {
        return GivenEvents.of(() -> {
            assertThat(otherPolled.await(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            return event.call();
        });
    }

    @Test
    void namesTheSourceThatFailedFirstAndLogsTheOthers() {
        CountDownLatch polled = new CountDownLatch(1);
        Subscription first = once(polled, () -> {
            throw new IllegalStateException("first failure");
        });
        Subscription second = afterTheFirstFailure(polled, () -> {
            throw new IllegalStateException("second failure");
        });
        List<String> log = logOf(() -> assertThatThrownBy(
                        () -> run(source("one", first, PRINTS_NOTHING), source("two", second, PRINTS_NOTHING)))
                .isInstanceOf(SourceFailedException.class)
                .hasMessage("source 'one' failed")
                .hasRootCauseMessage("first failure"));
        assertThat(log).singleElement().asString().contains("source 'two'", "second failure");
    }

    @Test
    void saysOnceThatTheOutputThatAllShareHasFailed() {
        IOException full = new IOException("full");
        EventPrinter printer = event -> {
            throw full;
        };
        CountDownLatch polled = new CountDownLatch(1);
        Callable<SourceEvent> event = () -> Events.transaction(1, Events.insert("t:1"));
        List<String> log = logOf(() -> assertThatThrownBy(() -> run(
                        source("one", once(polled, event), printer),
                        source("two", afterTheFirstFailure(polled, event), printer)))
                .isSameAs(full));
        assertThat(log).isEmpty();
    }
}
