// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.health.RetentionConcern;
import io.drasi.source.postgres.health.SlotReading;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableName;
import io.drasi.source.postgres.server.Connections;
import io.drasi.source.postgres.server.PublishedTables;
import io.drasi.source.postgres.server.Slots;
import io.drasi.source.postgres.thread.ThreadEnd;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * While a stream is read, warns of what does not show in it: that the server keeps much log for the slot, or is about to give
 * it up, and that a table is published no more or only since now. Looks every {@code status_interval}, from a thread and on a
 * connection of its own, so that it does so also while a subscriber holds the stream back: that is when it matters.
 */
final class SlotWatch {
    private static final Logger LOG = LoggerFactory.getLogger(SlotWatch.class);
    /** A publication of very many tables takes the server long: that shall not be more than a small part of its time. */
    private static final int LEAST_GAP_FACTOR = 50;

    private final PostgresSourceConfig config;
    private final SelectedTables selected;
    private final Connections connections;
    private final Slots slots;
    private final SourceStatus status;
    private final Consumer<SlotReading> readings;
    private final Runnable publicationChanged;
    private final StopSignal stop = new StopSignal();
    private final Thread thread;

    // The thread's own.
    private @Nullable PostgresConnection connection;
    private @Nullable RetentionConcern concern;
    private PublishedTables published;
    private long nextLookAtPublication = System.nanoTime();
    private int failures;

    /**
     * @param connections to the server that is read from
     * @param published what was published when the source looked at its tables
     * @param readings is given each reading
     * @param publicationChanged is run when tables were added to the publication or taken out of it
     */
    SlotWatch(
            PostgresSourceConfig config,
            SelectedTables selected,
            Connections connections,
            Slots slots,
            SourceStatus status,
            PublishedTables published,
            Consumer<SlotReading> readings,
            Runnable publicationChanged) {
        this.config = config;
        this.selected = selected;
        this.connections = connections;
        this.slots = slots;
        this.status = status;
        this.published = published;
        this.readings = readings;
        this.publicationChanged = publicationChanged;
        this.thread = new Thread(this::run, "drasi-" + config.id() + "-watch");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Whether it is its thread that asks. */
    boolean isCurrentThread() {
        return thread == Thread.currentThread();
    }

    /** Returns when the thread has ended: nothing is said of a stream that is over. */
    void close() {
        stop.give();
        ThreadEnd.await(thread);
    }

    private void run() {
        try {
            Duration gap = config.statusInterval();
            while (true) {
                stop.pause(gap);
                look();
            }
        } catch (StopSignal.Stopped e) {
            LOG.debug("source '{}': slot {} is watched no more", config.id(), slots.name());
        } finally {
            disconnect();
        }
    }

    private void look() {
        try {
            PostgresConnection current = connect();
            stop.during(
                    () -> {
                        lookAtSlot(current);
                        lookAtPublication(current);
                        return current;
                    },
                    current::abort);
            failures = 0;
        } catch (PostgresClientException | ProtocolException e) {
            stop.throwIfGiven(); // stopping closes the connection
            disconnect();
            failures++;
            if (failures == 2) { // once: when the server goes away, the stream says so
                LOG.warn(
                        "source '{}': how much log the server keeps for slot {} can't be asked, it is tried again: {}",
                        config.id(),
                        slots.name(),
                        e.getMessage());
            }
        }
    }

    private PostgresConnection connect() {
        PostgresConnection current = connection;
        if (current == null) {
            current = stop.whileConnecting(connections::openOrdinary);
            connection = current;
        }
        return current;
    }

    private void disconnect() {
        PostgresConnection current = connection;
        if (current != null) {
            connection = null;
            current.close();
        }
    }

    private void lookAtSlot(PostgresConnection current) {
        Optional<SlotReading> reading = slots.reading(current);
        reading.ifPresent(readings);
        RetentionConcern before = concern;
        RetentionConcern now = reading.flatMap(
                        found -> RetentionConcern.of(slots.name(), found, config.retentionWarning()))
                .orElse(null);
        concern = now;
        if (now != null && (before == null || before.kind() != now.kind())) {
            warn(now.text());
        } else if (now == null && before != null) {
            LOG.info("source '{}': the server does not keep much log for slot {} any more", config.id(), slots.name());
            status.note(null);
        }
    }

    private void warn(String text) {
        LOG.warn("source '{}': {}", config.id(), text);
        status.note(text);
    }

    private void lookAtPublication(PostgresConnection current) {
        long start = System.nanoTime();
        if (start - nextLookAtPublication < 0) {
            return;
        }
        PublishedTables before = published;
        PublishedTables now = PublishedTables.of(current, config.publicationName());
        nextLookAtPublication = start + LEAST_GAP_FACTOR * (System.nanoTime() - start);
        published = now;
        if (before.equals(now)) {
            return;
        }
        if (!now.exists()) {
            warn("publication \"" + config.publicationName() + "\" was dropped: the next change of a table ends the"
                    + " stream, and a new slot and a bootstrap are needed then");
            return;
        }
        boolean added = tellAdded(now, wanted(now.without(before)));
        boolean removed = tellRemoved(PublishedTables.existing(current, wanted(before.without(now))));
        if (added || removed) {
            publicationChanged.run();
        }
    }

    private Set<TableName> wanted(Set<TableName> names) {
        return names.stream().filter(selected::includes).collect(Collectors.toSet());
    }

    /** Of a table that was just created there are no rows from before. */
    private boolean tellAdded(PublishedTables now, Set<TableName> added) {
        Set<TableName> named = added.stream()
                .filter(name -> now.tables().getOrDefault(name, false))
                .collect(Collectors.toSet());
        if (!named.isEmpty()) {
            warn(labels(named) + " is in publication \"" + config.publicationName()
                    + "\" now: changes come, but rows from before only to those who subscribe with a bootstrap");
        }
        return !added.isEmpty();
    }

    private boolean tellRemoved(Set<TableName> removed) {
        if (!removed.isEmpty()) {
            warn(labels(removed) + " is not in publication \"" + config.publicationName()
                    + "\" any more: its changes don't come. When it is added again, what changed meanwhile comes only to"
                    + " those who subscribe with a bootstrap");
        }
        return !removed.isEmpty();
    }

    private static String labels(Collection<TableName> names) {
        Set<String> labels = new TreeSet<>();
        names.forEach(name -> labels.add(name.label()));
        return String.join(", ", labels);
    }
}
