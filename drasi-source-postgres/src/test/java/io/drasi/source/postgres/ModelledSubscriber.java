// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.postgres.protocol.wire.PgTimestamp;
import io.drasi.source.postgres.FakeTransaction.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * A subscriber that knows from the server's log what it has to be given: the changes of its labels after the position that
 * it has, each once and in order. One that has no position may begin earlier than it must, but from there on it has to be
 * given everything, too.
 */
final class ModelledSubscriber {
    private final String queryId;
    private final Set<String> labels;
    private final Subscription subscription;
    private final FakeLog log;
    private final Optional<Position> resumeFrom;
    /** By its index, the first transaction that it has to be given, if it was given none. */
    private int mustHaveFrom;
    /** Whether {@link #mustHaveFrom} is where the next stream begins. */
    private boolean beginsWithStream;

    private int givenTransactions;
    private int firstGiven = -1;
    private int lastGiven = -1;
    private Optional<Position> confirmed;
    private final List<Position> confirmable = new ArrayList<>();
    /** The latest shape of each table that it knows. */
    private final Map<String, Integer> shapes = new HashMap<>();
    /** Those that it was told of when it was given a part of the transaction in which it goes on. */
    private final Map<String, Integer> toldInEarlierLife = new HashMap<>();
    /** Those of {@link #shapes} that it was told of. */
    private final Map<String, Integer> announced = new HashMap<>();

    ModelledSubscriber(
            String queryId,
            Set<String> labels,
            Subscription subscription,
            FakeLog log,
            Optional<Position> resumeFrom,
            int mustHaveFrom,
            boolean beginsWithStream) {
        this.queryId = queryId;
        this.labels = labels;
        this.subscription = subscription;
        this.log = log;
        this.resumeFrom = resumeFrom;
        this.confirmed = resumeFrom;
        this.mustHaveFrom = mustHaveFrom;
        this.beginsWithStream = beginsWithStream;
        resumeFrom.ifPresent(this::wasGivenPartOf);
    }

    /** In an earlier life it was told how the tables are described in that transaction, before the first change of that. */
    private void wasGivenPartOf(Position position) {
        log.transactions().stream()
                .filter(transaction -> transaction.commitLsn() == position.commitLsn())
                .filter(transaction -> position.ordinal() > Position.BEFORE_FIRST)
                .forEach(transaction -> toldInEarlierLife.putAll(transaction.shapes()));
    }

    String queryId() {
        return queryId;
    }

    Set<String> labels() {
        return labels;
    }

    /** A stream begins with the transaction of that index, or with an earlier one. */
    void streamBegins(int index) {
        if (beginsWithStream) {
            mustHaveFrom = Math.min(mustHaveFrom, index);
            beginsWithStream = false;
        }
    }

    // ---- what it is given

    /**
     * Takes an event if there is one, and holds it against the log.
     *
     * @return what it was
     * @throws AssertionError if it is not what has to come
     */
    Optional<String> take() throws InterruptedException {
        Optional<SourceEvent> event = subscription.poll(Duration.ZERO);
        event.ifPresent(this::check);
        return event.map(Object::toString);
    }

    private void check(SourceEvent event) {
        if (event instanceof SourceEvent.Transaction transaction) {
            check(transaction);
        } else if (event instanceof SourceEvent.SchemaChanged change) {
            check(change);
        } else {
            throw new AssertionError("nobody asked for " + event);
        }
    }

    private void check(SourceEvent.Transaction transaction) {
        FakeTransaction expected = log.transactions().stream()
                .filter(logged -> logged.commitLsn() == transaction.commitLsn())
                .findFirst()
                .orElseThrow(
                        () -> new AssertionError(queryId + " was given " + transaction + ", which is not in the log"));
        int next = nextWanted();
        boolean mayBeginEarlier = lastGiven < 0 && resumeFrom.isEmpty();
        if (mayBeginEarlier ? expected.index() > next : expected.index() != next) {
            throw new AssertionError(
                    queryId + " was given transaction " + expected.index() + " of the log, not " + next);
        }
        checkFacts(transaction, expected);
        List<Change> changes = wanted(expected);
        checkChanges(transaction, changes);
        changes.forEach(change -> knows(change, expected));
        changes.forEach(change -> confirmable.add(change.position()));
        confirmable.add(expected.last());
        lastGiven = expected.index();
        firstGiven = firstGiven < 0 ? lastGiven : firstGiven;
        givenTransactions++;
    }

    /** The index of the first transaction that counts for it. */
    private int begin() {
        return resumeFrom.isPresent() ? 0 : firstGiven >= 0 ? firstGiven : mustHaveFrom;
    }

    private List<Change> wanted(FakeTransaction transaction) {
        return transaction.wanted(labels, resumeFrom.orElse(Position.before(0)));
    }

    /** The index of the first transaction with something for it that it has not been given and must be; else the log's size. */
    private int nextWanted() {
        int index = lastGiven >= 0 ? lastGiven + 1 : begin();
        while (index < log.transactions().size()
                && wanted(log.transactions().get(index)).isEmpty()) {
            index++;
        }
        return Math.min(index, log.transactions().size());
    }

    private void checkFacts(SourceEvent.Transaction transaction, FakeTransaction expected) {
        assertThat(transaction.xid()).as("xid").isEqualTo(expected.xid());
        assertThat(transaction.endLsn()).as("end").isEqualTo(expected.endLsn());
        assertThat(transaction.position()).as("position").isEqualTo(expected.last());
        assertThat(transaction.commitTime()).as("time").isEqualTo(PgTimestamp.toInstant(expected.commitMicros()));
    }

    private void checkChanges(SourceEvent.Transaction transaction, List<Change> expected) {
        List<String> given = new ArrayList<>();
        ChangeCursor cursor = transaction.cursor();
        while (cursor.next()) {
            given.add(cursor.position() + " " + ReadableChange.of(cursor.change()));
        }
        List<String> wanted = expected.stream()
                .map(change -> change.position() + " " + change.wanted(labels).orElseThrow())
                .toList();
        if (!given.equals(wanted)) { // the assertion alone would take most of the time
            assertThat(given).as("%s was given in %s", queryId, transaction).isEqualTo(wanted);
        }
    }

    /** In the first transaction that it is given of a table, it may see that altered without having been told. */
    private void knows(Change change, FakeTransaction transaction) {
        if (change.shape() < 0) {
            return;
        }
        String label = change.labels().get(0);
        int latest = transaction.changes().stream()
                .filter(other -> other.labels().equals(change.labels()))
                .mapToInt(Change::shape)
                .max()
                .orElseThrow();
        int known =
                shapes.computeIfAbsent(label, first -> Math.max(latest, toldInEarlierLife.getOrDefault(label, latest)));
        assertThat(change.shape())
                .as("the shape of %s in a row that %s was given, who knows", label, queryId)
                .isLessThanOrEqualTo(known);
    }

    private void check(SourceEvent.SchemaChanged change) {
        assertThat(labels.isEmpty() || labels.contains(change.label()))
                .as("%s wants %s", queryId, change)
                .isTrue();
        int shape = FakeTable.shapeOf(change.columns());
        assertThat(change.idsInvalidated()).as("ids invalidated").isFalse();
        // Of one that it has met in a row it may be told afterwards: it came when that had been announced already.
        assertThat(shape)
                .as("the shape that %s is told of, by %s", queryId, change)
                .isGreaterThan(announced.getOrDefault(change.label(), -1))
                .isGreaterThanOrEqualTo(shapes.getOrDefault(change.label(), -1));
        announced.put(change.label(), shape);
        shapes.put(change.label(), shape);
        if (lastGiven >= 0) {
            assertThat(change.position())
                    .isGreaterThanOrEqualTo(log.transactions().get(lastGiven).last());
        }
    }

    /** Whether it was given all that it must be. */
    boolean complete() {
        return nextWanted() == log.transactions().size();
    }

    int givenTransactions() {
        return givenTransactions;
    }

    // ---- what it has confirmed

    /** Confirms a transaction, or a part of one, and maybe something older once more. Says what. */
    Optional<Position> confirm(Random random) {
        if (confirmable.isEmpty()) {
            return Optional.empty();
        }
        Position position = confirmable.get(random.nextInt(confirmable.size()));
        confirm(position);
        return Optional.of(position);
    }

    void confirmAll() {
        if (!confirmable.isEmpty()) {
            confirm(confirmable.get(confirmable.size() - 1));
        }
    }

    private void confirm(Position position) {
        confirmed = Optional.of(
                confirmed.filter(before -> before.compareTo(position) > 0).orElse(position));
        if (confirmable.size() > 1) {
            confirmable.removeIf(other -> other.compareTo(position) < 0);
        }
        subscription.confirm(position);
    }

    /**
     * Whether it was given what the server has sent though it was told that it is confirmed. In another process it can't go on
     * from there, as there the server may leave that out.
     */
    boolean beganEarlier() {
        return resumeFrom.isEmpty() && firstGiven >= 0 && firstGiven < mustHaveFrom;
    }

    /** Where it goes on after a restart: behind all that it confirmed, or behind what it was given. */
    Optional<Position> processed(Random random) {
        return confirmable.isEmpty() || random.nextBoolean()
                ? confirmed
                : Optional.of(confirmable.get(confirmable.size() - 1));
    }

    /** The first transaction that the server has to send again, should everything break now. */
    Optional<FakeTransaction> firstNeeded() {
        // One that began earlier than it must was given what the server had been told is confirmed, and repeated all
        // the same.
        int first = resumeFrom.isPresent() ? 0 : mustHaveFrom;
        return log.transactions().stream().skip(first).filter(this::needs).findFirst();
    }

    private boolean needs(FakeTransaction transaction) {
        List<Change> wanted = wanted(transaction);
        return !wanted.isEmpty()
                && confirmed
                        .map(position ->
                                position.compareTo(wanted.get(wanted.size() - 1).position()) < 0)
                        .orElse(true);
    }

    boolean wants(FakeTransaction transaction, Position after) {
        return !transaction.wanted(labels, after).isEmpty();
    }

    void close() {
        subscription.close();
    }

    @Override
    public String toString() {
        return queryId
                + (labels.isEmpty() ? "" : " of " + labels)
                + resumeFrom.map(p -> " from " + p).orElse("");
    }
}
