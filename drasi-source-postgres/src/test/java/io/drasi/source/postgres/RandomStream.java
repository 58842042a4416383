// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.subscription.SourceSubscription;
import io.drasi.testkit.Await;
import io.drasi.testkit.FakeWalsender;
import io.drasi.testkit.StatusUpdate;
import io.drasi.testkit.WalsenderSession;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One random sequence of sessions with a fake server. This thread plays the server and all subscribers, so that it knows at
 * each moment what has been sent, given and confirmed; only the source's own threads run beside it. After each step it looks
 * at what the server was told:
 *
 * <ul>
 *   <li>never less than before,
 *   <li>never that something is confirmed that an open subscription (or, when none is open, the one that was closed last) has
 *       to be given and has not confirmed, since the server would not send it again,
 *   <li>never more than was sent.
 * </ul>
 *
 * <p>In the end the server is well, and then everybody is given all that there is, and the server is told that it was
 * confirmed.
 */
final class RandomStream implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;
    private static final String[] QUERIES = {"first", "second", "third"};
    private static final List<Set<String>> LABELS =
            List.of(Set.of(), Set.of(), Set.of("users"), Set.of("orders", "sales.items"));

    private final Random random;
    private final RandomTally tally;
    private final ExecutorService threads;
    private final FakeLog log;
    private final int capacity;
    private final BlockingQueue<WalsenderSession> arrived = new LinkedBlockingQueue<>();
    private final FakeWalsender server;
    private final List<String> story = new ArrayList<>();

    private StreamProcess process;
    private final Map<String, ModelledSubscriber> open = new HashMap<>();
    /** Counts while nobody is open. */
    private @Nullable ModelledSubscriber lastClosed;
    /** Where queries may go on that were closed. */
    private final Map<String, Position> left = new HashMap<>();

    // What the server knows.
    private long slotLsn;
    private long slotAtBegin;
    /** What was confirmed when nobody was left: it may be told at any time then, though it need not have been. */
    private long mayBeTold;

    private long toldInProcess;
    private int processBegan;
    /** How many transactions were sent to this process; the next one can't have been handed out. */
    private int sentToProcess;
    /** The same, but those count, too, of which a table was described: who comes then begins after them. */
    private int describedToProcess;

    private long mostReached;
    private int sessionsOfProcess;

    // Of the session.
    private @Nullable WalsenderSession session;
    private @Nullable CompletableFuture<Optional<SourceException>> streaming;
    private int statusesSeen;

    RandomStream(Random random, RandomTally tally, ExecutorService threads) {
        this.random = random;
        this.tally = tally;
        this.threads = threads;
        this.log = new FakeLog(random);
        this.slotLsn = log.end();
        this.capacity = 1 + random.nextInt(random.nextBoolean() ? 3 : 1000);
        this.process = new StreamProcess(capacity);
        this.server = new FakeWalsender(session -> {
            session.acceptLogin();
            session.expectStartReplication();
            arrived.add(session);
            session.goSilent();
        });
    }

    /** @throws AssertionError with all that happened, if something came out that should not */
    void run() throws Exception {
        try {
            beginProcess();
            int sessions = random.nextInt(4);
            for (int i = 0; i < sessions; i++) {
                commitSome();
                session();
            }
            commitSome();
            lastSession();
        } catch (Exception | AssertionError e) {
            throw new AssertionError(e.getMessage() + "\nafter:\n" + String.join("\n", story), e);
        }
        tally.count("sequences", 1);
        tally.count("transactions", log.transactions().size());
    }

    private void commitSome() {
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            log.commit();
        }
        if (random.nextBoolean()) {
            log.advance();
        }
    }

    // ---- processes

    private void beginProcess() throws InterruptedException {
        process = new StreamProcess(capacity);
        slotAtBegin = slotLsn;
        mayBeTold = slotLsn;
        toldInProcess = slotLsn;
        mostReached = slotLsn;
        processBegan = log.indexAt(slotLsn);
        sentToProcess = 0;
        describedToProcess = 0;
        sessionsOfProcess = 0;
        left.values().removeIf(position -> !isToBeHad(position));
        lastClosed = null;
        List<ModelledSubscriber> before = List.copyOf(open.values());
        open.clear();
        for (ModelledSubscriber subscriber : before) {
            open(
                    subscriber.queryId(),
                    subscriber.labels(),
                    subscriber
                            .processed(random)
                            .filter(position -> !subscriber.beganEarlier() || isToBeHad(position))
                            .filter(position -> random.nextInt(4) > 0));
        }
        if (open.isEmpty()) {
            open(QUERIES[0], anyLabels(), Optional.empty());
        }
    }

    /** Everybody is given what was put in, and then the reason. */
    private void endProcess(@Nullable SourceException failure) throws InterruptedException {
        process.end(failure);
        for (ModelledSubscriber subscriber : open.values()) {
            try {
                while (take(subscriber)) {
                    // until there is no more
                }
                assertThat(failure).as("nobody told %s of", subscriber).isNull();
            } catch (SourceException e) {
                assertThat(e).isSameAs(failure);
            }
        }
        tell("the process ends");
        tally.count("processes", 1);
    }

    // ---- subscribers

    private Set<String> anyLabels() {
        return LABELS.get(random.nextInt(LABELS.size()));
    }

    private void open(String queryId, Set<String> labels, Optional<Position> from) throws InterruptedException {
        SubscriptionSettings settings = new SubscriptionSettings(queryId, labels, false, from);
        boolean first = open.isEmpty() || sessionsOfProcess == 0;
        SourceSubscription subscription = process.subscriptions().open(settings);
        ModelledSubscriber subscriber = new ModelledSubscriber(
                queryId, labels, subscription, log, from, Math.max(describedToProcess, processBegan), first);
        tell("opened " + subscriber);
        try {
            take(subscriber);
        } catch (PositionUnavailableException e) {
            tell("refused: " + e.getMessage());
            requireGone(subscriber, from.orElseThrow());
            tally.count("positions refused", 1);
            return;
        }
        open.put(queryId, subscriber);
    }

    /** A process does not know what the ones before it have told the server, so that it can't refuse a position for that. */
    private boolean isToBeHad(Position position) {
        return Long.compareUnsigned(position.commitLsn(), slotAtBegin) >= 0;
    }

    /** Somebody may only be refused what the server may have been told is confirmed. */
    private void requireGone(ModelledSubscriber refused, Position from) {
        long needed = max(confirmedByAll(), mayBeTold);
        boolean gone = log.transactions().stream()
                .limit(sentToProcess)
                .filter(transaction -> transaction.last().compareTo(from) > 0)
                .filter(transaction -> refused.wants(transaction, Position.before(0)))
                .anyMatch(transaction -> Long.compareUnsigned(transaction.endLsn(), needed) <= 0);
        assertThat(gone)
                .as("%s was refused, though all that it lacks is to be had", refused)
                .isTrue();
    }

    private long confirmedByAll() {
        return firstNeeded().map(FakeTransaction::commitLsn).orElse(mostReached);
    }

    private Optional<FakeTransaction> firstNeeded() {
        List<ModelledSubscriber> holding =
                open.isEmpty() && lastClosed != null ? List.of(lastClosed) : List.copyOf(open.values());
        return holding.stream()
                .flatMap(subscriber -> subscriber.firstNeeded().stream())
                .min((a, b) -> Integer.compare(a.index(), b.index()));
    }

    private void close(ModelledSubscriber subscriber) {
        tell("closed " + subscriber);
        subscriber.close();
        subscriber
                .processed(random)
                .filter(this::isToBeHad)
                .ifPresent(position -> left.put(subscriber.queryId(), position));
        open.remove(subscriber.queryId());
        lastClosed = subscriber;
        if (open.isEmpty()) {
            mayBeTold = max(mayBeTold, confirmedByAll());
        }
    }

    private boolean take(ModelledSubscriber subscriber) throws InterruptedException {
        Optional<String> taken = subscriber.take();
        taken.ifPresent(event -> {
            tell(subscriber.queryId() + " took " + event);
            tally.count("events", 1);
        });
        return taken.isPresent();
    }

    private Optional<ModelledSubscriber> any() {
        return open.isEmpty()
                ? Optional.empty()
                : Optional.of(List.copyOf(open.values()).get(random.nextInt(open.size())));
    }

    /** Some subscriber does something. */
    private void act() throws InterruptedException {
        int kind = random.nextInt(40);
        if (kind < 24) {
            takeOrConfirm(kind < 14);
        } else if (kind <= 25) {
            any().filter(subscriber -> open.size() > 1 || random.nextInt(3) == 0)
                    .ifPresent(this::close);
        } else if (kind < 29) {
            mayOpen();
        } else if (kind == 29) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(11)); // a status may be sent
        }
    }

    private void takeOrConfirm(boolean take) throws InterruptedException {
        Optional<ModelledSubscriber> subscriber = any();
        if (subscriber.isPresent() && take) {
            take(subscriber.get());
        } else if (subscriber.isPresent()) {
            subscriber
                    .get()
                    .confirm(random)
                    .ifPresent(position -> tell(subscriber.get().queryId() + " confirmed " + position));
        }
    }

    private void mayOpen() throws InterruptedException {
        String queryId = QUERIES[random.nextInt(QUERIES.length)];
        if (!open.containsKey(queryId)) {
            Optional<Position> from = Optional.ofNullable(left.get(queryId)).filter(p -> random.nextInt(4) > 0);
            open(queryId, anyLabels(), from);
        }
    }

    // ---- sessions

    /** A session that may end anyhow. */
    private void session() throws Exception {
        while (open.isEmpty()) {
            mayOpen();
        }
        int from = begin();
        FakeStream stream = new FakeStream(log, random).from(from);
        int kind = random.nextInt(10);
        if (kind == 0 && from < log.transactions().size()) {
            stream.withFault();
        }
        int length =
                stream.pieces().stream().mapToInt(piece -> piece.bytes().size()).sum();
        boolean torn = kind >= 6;
        send(stream.pieces(), torn ? random.nextInt(length + 1) : length);
        if (stream.fault().isPresent()) {
            tell("sent " + stream.fault().get());
        } else if (kind <= 2) {
            tell("stops the process");
            process.stop();
        } else {
            breakOff(torn);
        }
        end(stream.fault());
    }

    private void breakOff(boolean torn) throws IOException {
        WalsenderSession current = current();
        int way = random.nextInt(torn ? 2 : 4);
        tell("breaks off, " + way);
        tally.count("sessions broken off", 1);
        try {
            switch (way) {
                case 0 -> current.reset();
                case 1 -> current.close();
                case 2 -> current.sendError("FATAL", "57P01", "terminating connection due to administrator command");
                default -> {
                    current.sendCopyDone();
                    current.sendCommandComplete("COPY 0");
                }
            }
        } catch (IOException e) {
            tell("it was gone already");
        }
    }

    private WalsenderSession current() {
        return Objects.requireNonNull(session);
    }

    /** Begins one; returns the index of the first transaction that is sent. */
    private int begin() throws InterruptedException {
        Lsn slot = new Lsn(slotLsn);
        Lsn end = new Lsn(log.end());
        StreamProcess current = process;
        CompletableFuture<Optional<SourceException>> future =
                CompletableFuture.supplyAsync(() -> current.stream(server.host(), server.port(), slot, end), threads);
        streaming = future;
        WalsenderSession session = arrived.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(session).as("the session; the client says %s", future).isNotNull();
        this.session = session;
        statusesSeen = 0;
        String query = session.queries().get(session.queries().size() - 1);
        Lsn asked = Lsn.parse(query.replaceAll(".* LOGICAL (\\S+) .*", "$1"));
        int first = log.indexAt(asked.max(slot).value());
        open.values().forEach(subscriber -> subscriber.streamBegins(first));
        int from =
                random.nextInt(5) == 0 ? Math.max(Math.min(processBegan, first), first - 1 - random.nextInt(2)) : first;
        tell("session " + session.number() + " from " + asked + " on, slot at " + slot + ": from transaction " + from
                + " of " + log.transactions().size() + ", log ends at " + end);
        tally.count("sessions", 1);
        sessionsOfProcess++;
        return from;
    }

    private void send(List<FakeStream.Piece> pieces, int length) throws Exception {
        ByteArrayOutputStream pending = new ByteArrayOutputStream();
        int rest = length;
        for (FakeStream.Piece piece : pieces) {
            pending.writeBytes(piece.bytes().toByteArray());
            rest -= piece.bytes().size();
            boolean whole = rest >= 0;
            if (whole) {
                sending(piece);
            }
            if (!whole) {
                byte[] torn = pending.toByteArray();
                sent(Arrays.copyOf(torn, torn.length + rest));
                return;
            }
            if (random.nextInt(3) == 0) {
                byte[] bytes = pending.toByteArray();
                int now = random.nextInt(bytes.length + 1);
                pending.reset();
                pending.write(bytes, now, bytes.length - now);
                if (!sent(Arrays.copyOf(bytes, now))) {
                    break; // but what has begun is sent to its end
                }
            }
            act();
            look();
        }
        sent(pending.toByteArray());
    }

    private void sending(FakeStream.Piece piece) {
        mostReached = max(mostReached, piece.reached());
        sentToProcess = Math.max(sentToProcess, piece.completed());
        describedToProcess = Math.max(describedToProcess, piece.described());
    }

    /** False if the client has left. */
    private boolean sent(byte[] bytes) {
        try {
            current().send(bytes);
            return !current().copyDone();
        } catch (IOException e) {
            return false;
        }
    }

    private static long max(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0 ? a : b;
    }

    /** Looks at what the server was told since it was looked at last. */
    private void look() {
        List<StatusUpdate> statuses = current().statusUpdates();
        for (StatusUpdate status : statuses.subList(statusesSeen, statuses.size())) {
            long flushed = status.flushed();
            tell("told " + new Lsn(flushed));
            assertAtMost(toldInProcess, flushed, "what was told before, compared with what is told now");
            assertAtMost(flushed, mostReached, "what is told is confirmed, compared with what was sent");
            assertAtMost(
                    flushed, status.written(), "what is told is confirmed, compared with what is told to be written");
            firstNeeded()
                    .ifPresent(needed -> assertAtMost(
                            flushed,
                            needed.commitLsn(),
                            "what is told is confirmed, compared with what transaction " + needed.index()
                                    + ", not confirmed, is needed for"));
            toldInProcess = flushed;
            slotLsn = max(slotLsn, flushed);
            tally.count("status updates", 1);
        }
        statusesSeen = statuses.size();
    }

    private static void assertAtMost(long least, long most, String what) {
        if (Long.compareUnsigned(least, most) > 0) {
            throw new AssertionError(what + ": " + new Lsn(least) + " is after " + new Lsn(most));
        }
    }

    /** Waits for the end of the stream on the client's side, and holds it against the reasons there are. */
    private void end(Optional<FakeStream.Fault> fault) throws Exception {
        Optional<SourceException> failure = awaitEnd();
        look();
        cutOff();
        if (failure.isEmpty() || failure.get().retryable()) {
            tell("the stream ended: " + failure.map(Throwable::getMessage).orElse("in order"));
            assertThat(fault.isPresent() && failure.isPresent())
                    .as("goes on after %s: %s", fault, failure)
                    .isFalse();
            if (process.stopping() || (failure.isPresent() && random.nextInt(5) == 0)) {
                endProcess(null);
                beginProcess();
            }
            return;
        }
        FakeStream.Fault cause =
                fault.orElseThrow(() -> new AssertionError("stops for good: " + failure.get(), failure.get()));
        tell("failed: " + failure.get().getMessage());
        assertThat(failure.get()).isInstanceOf(DecodingException.class).hasMessageContaining(cause.place());
        tally.count("failures: " + cause.kind(), 1);
        endProcess(failure.get());
        beginProcess();
    }

    private Optional<SourceException> awaitEnd() throws Exception {
        CompletableFuture<Optional<SourceException>> future = Objects.requireNonNull(streaming);
        long begin = System.nanoTime();
        boolean answered = false;
        while (!future.isDone()) {
            if (current().copyDone() && !answered) {
                answered = true;
                answerCopyDone();
            }
            if (process.stopping() || !takeOfAny()) {
                LockSupport.parkNanos(50_000);
            }
            look();
            assertThat(System.nanoTime() - begin)
                    .as("ns until the stream ends")
                    .isLessThan(PATIENCE_SECONDS * 1_000_000_000);
        }
        return future.get();
    }

    /** With a reset, so that no port is kept for what may still come. */
    private void cutOff() {
        try {
            current().reset();
        } catch (IOException e) {
            tell("it was closed already");
        }
    }

    private boolean takeOfAny() throws InterruptedException {
        boolean taken = false;
        for (ModelledSubscriber subscriber : List.copyOf(open.values())) {
            taken |= take(subscriber);
        }
        return taken;
    }

    private void answerCopyDone() throws IOException {
        tally.count("sessions ended in order", 1);
        if (random.nextBoolean()) {
            cutOff();
            return;
        }
        try {
            current().sendCopyDone();
            current().sendCommandComplete("COPY 0");
            current().sendReadyForQuery();
        } catch (IOException e) {
            tell("it did not wait for the answer");
        }
    }

    // ---- the end

    /** All that there is, from a server that does nothing wrong, to subscribers that confirm all. */
    private void lastSession() throws Exception {
        int attempts = 0;
        while (true) {
            while (open.isEmpty()) {
                mayOpen();
            }
            if (attempts++ > 3) {
                throw new AssertionError("the stream ends again and again");
            }
            List<FakeStream.Piece> pieces =
                    new FakeStream(log, random).from(begin()).pieces();
            for (FakeStream.Piece piece : pieces) {
                sending(piece);
                sent(piece.bytes().toByteArray());
                takeOfAny();
                look();
            }
            if (confirmedAll()) {
                break;
            }
            end(Optional.empty());
        }
        tell("stops at the end");
        process.stop();
        assertThat(awaitEnd()).as("why the last stream ended").isEmpty();
        look();
        endProcess(null);
    }

    /** False if the stream has ended in order, to begin again for one that wants to go on from an earlier position. */
    private boolean confirmedAll() throws Exception {
        await("all is given", () -> {
            takeOfAny();
            return open.values().stream().allMatch(ModelledSubscriber::complete);
        });
        if (current().copyDone()) {
            return false;
        }
        log.advance();
        long end = log.end() + 8;
        mostReached = max(mostReached, end);
        sent(WalsenderSession.keepalive(end, 0, true));
        await("the server is told that all is confirmed", () -> {
            takeOfAny(); // it may be given more than it must, and so later
            open.values().forEach(ModelledSubscriber::confirmAll);
            look();
            return slotLsn == end;
        });
        return !current().copyDone();
    }

    private void await(String what, Await.Condition condition) throws Exception {
        long begin = System.nanoTime();
        while (!current().copyDone() && !condition.holds()) {
            LockSupport.parkNanos(50_000);
            if (System.nanoTime() - begin > PATIENCE_SECONDS * 1_000_000_000) {
                throw new AssertionError("not within " + PATIENCE_SECONDS + " s: " + what);
            }
        }
    }

    private void tell(String what) {
        story.add(what);
    }

    @Override
    public void close() {
        process.end(null);
        server.close();
    }
}
