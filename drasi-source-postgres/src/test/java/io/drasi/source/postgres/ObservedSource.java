// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.drasi.model.ComponentStatus;
import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.server.Connections;
import io.drasi.testkit.Await;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/**
 * A started source with one subscription, and everything that it says while it runs: its statuses and its log. At the end
 * all of that is searched for the password.
 */
final class ObservedSource implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.drasi");
    private static int observers;

    private final PostgresReplicationSource source;
    private final Subscription subscription;
    private final String secret;
    private final List<StatusChange> statuses = new CopyOnWriteArrayList<>();
    private final List<SourceEvent> eventsBeforeFailure = new ArrayList<>();
    private final List<ILoggingEvent> log = new CopyOnWriteArrayList<>();
    private final LogRecorder recorder = new LogRecorder(log);

    private static final class LogRecorder extends AppenderBase<ILoggingEvent> {
        private final List<ILoggingEvent> events;

        LogRecorder(List<ILoggingEvent> events) {
            this.events = events;
        }

        @Override
        protected void append(ILoggingEvent event) {
            event.getFormattedMessage(); // now, and not when its arguments have changed
            events.add(event);
        }
    }

    private ObservedSource(PostgresReplicationSource source, SubscriptionSettings settings, String secret) {
        this.source = source;
        this.secret = secret;
        observe(true);
        recorder.start();
        LOGGER.addAppender(recorder);
        source.addStatusListener(statuses::add);
        subscription = source.subscribe(settings);
        source.start();
    }

    /** Expected warnings and errors stay off the console as long as somebody looks at them here. */
    private static synchronized void observe(boolean begin) {
        observers += begin ? 1 : -1;
        LOGGER.setLevel(observers > 0 ? Level.DEBUG : null);
        LOGGER.setAdditive(observers == 0);
    }

    /**
     * @param secret must not be said by anything
     */
    static ObservedSource start(PostgresReplicationSource source, SubscriptionSettings settings, String secret) {
        return new ObservedSource(source, settings, secret);
    }

    /** With a bootstrap. */
    static ObservedSource start(PostgresReplicationSource source, String secret) {
        return start(source, SubscriptionSettings.forQuery("observer").withBootstrap(), secret);
    }

    PostgresReplicationSource source() {
        return source;
    }

    Subscription subscription() {
        return subscription;
    }

    /** Waits until the source ends with an error, which is said once to each who is to be told. */
    SourceException awaitError() {
        StatusChange last = Await.untilPresent(
                "the source is in status ERROR",
                PATIENCE,
                () -> statuses.stream()
                        .filter(status -> status.status() == ComponentStatus.ERROR)
                        .findFirst());
        assertThat(source.status()).isEqualTo(last);
        SourceException error = (SourceException) last.cause().orElseThrow();
        assertThat(last.message()).contains(error.getMessage());
        assertThat(error.retryable()).isFalse();
        error.remedy().ifPresent(remedy -> assertThat(error).hasMessageEndingWith(remedy));
        assertThat(statuses)
                .filteredOn(status -> status.status() == ComponentStatus.ERROR)
                .hasSize(1);
        assertThat(logged(Level.ERROR)).containsExactly("source '" + source.id() + "' stops: " + error.getMessage());
        assertThat(failureOfSubscription()).isSameAs(error);
        return error;
    }

    /** {@link #awaitError}, before which the subscription was not given any transaction that it had not taken yet. */
    SourceException awaitErrorBeforeTransactions() {
        SourceException error = awaitError();
        assertThat(eventsBeforeFailure).noneMatch(SourceEvent.Transaction.class::isInstance);
        return error;
    }

    /** What the subscription was ended with. */
    Throwable failureOfSubscription() {
        try {
            for (Optional<SourceEvent> event = poll(); event.isPresent(); event = poll()) {
                eventsBeforeFailure.add(event.get());
            }
            throw new AssertionError("the subscription just ended");
        } catch (SourceException e) {
            return e;
        }
    }

    private Optional<SourceEvent> poll() {
        try {
            return subscription.poll(PATIENCE);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until an attempt has failed, and the source says that and when it tries again. */
    StatusChange awaitRetry() {
        return awaitRetry(1);
    }

    /** Waits for that failed attempt, counted from 1 on since the last success. */
    StatusChange awaitRetry(int attempt) {
        String beginning = "attempt " + attempt + " failed, next try in ";
        StatusChange retry = Await.untilPresent(
                "attempt " + attempt + " has failed",
                PATIENCE,
                () -> statuses.stream()
                        .filter(status -> status.message().orElse("").startsWith(beginning))
                        .findFirst());
        SourceException cause = (SourceException) retry.cause().orElseThrow();
        assertThat(retry.status()).isEqualTo(ComponentStatus.STARTING);
        assertThat(cause.retryable()).isTrue();
        assertThat(retry.message().orElseThrow()).endsWith(cause.getMessage());
        return retry;
    }

    /** Waits until the source streams. */
    ObservedSource awaitStreaming() {
        Await.until("the source streams", PATIENCE, () -> {
            requireNoError();
            return source.status().status() == ComponentStatus.RUNNING;
        });
        return this;
    }

    private void requireNoError() {
        source.status()
                .cause()
                .filter(cause -> source.status().status() == ComponentStatus.ERROR)
                .ifPresent(cause -> {
                    throw new AssertionError("the source failed: " + cause.getMessage(), cause);
                });
    }

    /** Takes and confirms events up to and including the first of that kind. */
    <E extends SourceEvent> E await(Class<E> kind) {
        return Await.untilPresent("a " + kind.getSimpleName() + " comes", PATIENCE, () -> {
            requireNoError();
            return next().filter(kind::isInstance).map(kind::cast);
        });
    }

    private Optional<SourceEvent> next() throws InterruptedException {
        Optional<SourceEvent> event = subscription.poll(Duration.ofMillis(20));
        event.ifPresent(this::confirm);
        return event;
    }

    private void confirm(SourceEvent event) {
        if (event instanceof SourceEvent.BootstrapCompleted completed) {
            subscription.confirm(completed.position());
        } else if (event instanceof SourceEvent.Transaction transaction) {
            subscription.confirm(transaction.position());
        }
    }

    /** The messages of one level so far. */
    List<String> logged(Level level) {
        return log.stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    /** Stops the source; fails if it has said the password anywhere. */
    @Override
    public void close() {
        source.close();
        LOGGER.detachAppender(recorder);
        observe(false);
        assertThat(said()).allSatisfy(text -> assertThat(text).doesNotContain(secret));
    }

    private List<String> said() {
        List<String> said = new ArrayList<>();
        said.add(source.toString());
        said.add(source.config().toString());
        said.add(source.properties().toString());
        said.add(Connections.settings(source.config(), "test").toString());
        for (StatusChange status : statuses) {
            said.add(status.toString());
            status.cause().ifPresent(cause -> said.add(stackTrace(cause)));
        }
        for (ILoggingEvent event : log) {
            said.add(event.getFormattedMessage());
            if (event.getThrowableProxy() != null) {
                said.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
        }
        return said;
    }

    private static String stackTrace(Throwable cause) {
        StringWriter text = new StringWriter();
        cause.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
