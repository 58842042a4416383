// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.EventPrinter;
import io.drasi.pg.output.Events;
import io.drasi.pg.process.StopRequest;
import io.drasi.postgres.protocol.wire.Lsn;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrintLoopTest {
    private final StopRequest stop = new StopRequest();
    private final GivenSubscription subscription = new GivenSubscription();
    private final LimitedTarget target = new LimitedTarget();
    private final CountedOutput output = new CountedOutput(target);
    private Optional<EndPosition> end = Optional.empty();

    /** Prints a transaction as its commit LSN, and anything else as its name. */
    private final class LinePrinter implements EventPrinter {
        @Override
        public void print(SourceEvent event) throws IOException {
            String text = event instanceof SourceEvent.Transaction transaction
                    ? "t" + transaction.commitLsn() + "\n"
                    : event.getClass().getSimpleName() + "\n";
            output.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Takes as many writes as it is told, and then fails as a pipe does. */
    private static final class LimitedTarget extends OutputStream {
        private final StringBuilder text = new StringBuilder();
        private int writes = Integer.MAX_VALUE;

        @Override
        public void write(int octet) {
            throw new AssertionError("bytes come in blocks");
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (writes-- == 0) {
                throw new IOException("Broken pipe");
            }
            text.append(new String(bytes, offset, length, StandardCharsets.UTF_8));
        }
    }

    /** Hands out the events it was given; null stands for a moment in which there is none, a runnable for a side effect. */
    private final class GivenSubscription implements Subscription {
        private final ArrayDeque<Object> script = new ArrayDeque<>();
        private final List<Position> confirmed = new ArrayList<>();

        @Override
        public Optional<SourceEvent> poll(Duration timeout) {
            if (script.isEmpty()) {
                stop.request();
                return Optional.empty();
            }
            Object next = script.removeFirst();
            if (next instanceof Runnable effect) {
                effect.run();
                return Optional.empty();
            }
            return Optional.of((SourceEvent) next);
        }

        @Override
        public void confirm(Position position) {
            assertThat(target.text.toString())
                    .as("what is confirmed has been printed")
                    .contains(position.ordinal() < 0 ? "BootstrapCompleted\n" : "t" + position.commitLsn() + "\n");
            confirmed.add(position);
        }

        @Override
        public String queryId() {
            return "test";
        }

        @Override
        public boolean ended() {
            return false;
        }

        @Override
        public Iterator<SourceEvent> iterator() {
            throw new AssertionError("not used");
        }

        @Override
        public void close() {}
    }

    private static SourceEvent transaction(long lsn) {
        return Events.transaction(lsn, Events.insert("t:1"));
    }

    private void run(boolean bootstrap, Object... script) throws IOException, InterruptedException {
        subscription.script.addAll(List.of(script));
        new PrintLoop(subscription, bootstrap, new LinePrinter(), output, stop, end).run();
    }

    @Test
    void confirmsTheLastOfTheTransactionsThatWereFlushedTogether() throws Exception {
        Runnable nothing = () -> {};
        run(false, transaction(1), transaction(2), nothing, nothing, transaction(3));
        assertThat(target.text.toString()).isEqualTo("t1\nt2\nt3\n");
        assertThat(subscription.confirmed).containsExactly(new Position(2, 0), new Position(3, 0));
    }

    @Test
    void confirmsABootstrapOnceItIsComplete() throws Exception {
        Position position = Position.before(7);
        run(
                true,
                new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of("t")),
                new SourceEvent.BootstrapBatch("t", List.of(Events.insert("t:1"))),
                (Runnable) () -> assertThat(subscription.confirmed).isEmpty(),
                new SourceEvent.BootstrapCompleted(position, 1));
        assertThat(subscription.confirmed).containsExactly(position);
    }

    @Test
    void confirmsNothingOfAWriteThatFailed() {
        target.writes = 1;
        Runnable nothing = () -> {};
        assertThatThrownBy(() -> run(false, transaction(1), nothing, transaction(2), transaction(3), nothing))
                .isInstanceOf(IOException.class)
                .hasMessage("Broken pipe");
        assertThat(subscription.confirmed).containsExactly(new Position(1, 0));
        assertThat(target.text.toString()).isEqualTo("t1\n");
    }

    @Test
    void confirmsWhatWasPrintedBeforeTheSourceFailed() {
        Runnable failure = () -> {
            throw new IllegalStateException("the source failed");
        };
        assertThatThrownBy(() -> run(false, transaction(1), failure)).hasMessage("the source failed");
        assertThat(target.text.toString()).isEqualTo("t1\n");
        assertThat(subscription.confirmed).containsExactly(new Position(1, 0));
    }

    @Test
    void takesNothingMoreOnceAStopIsRequested() throws Exception {
        Runnable request = stop::request;
        run(false, transaction(1), request, transaction(2), transaction(3));
        assertThat(target.text.toString()).isEqualTo("t1\nt2\n");
        assertThat(subscription.confirmed).endsWith(new Position(2, 0));
        assertThat(subscription.script).hasSize(1);
    }

    @Test
    void endsBeforeTheFirstTransactionBeyondTheEnd() throws Exception {
        end = Optional.of(new EndPosition(new Lsn(2), () -> Lsn.INVALID));
        run(false, transaction(1), transaction(2), transaction(3));
        assertThat(target.text.toString()).isEqualTo("t1\nt2\n");
        assertThat(subscription.confirmed).containsExactly(new Position(2, 0));
        assertThat(stop.requested()).isFalse();
    }

    @Test
    void endsWhenEverythingUpToTheEndWasHandedOver() throws Exception {
        Lsn[] handedOver = {new Lsn(1)};
        end = Optional.of(new EndPosition(new Lsn(5), () -> handedOver[0]));
        Runnable advance = () -> handedOver[0] = new Lsn(5);
        Runnable last = () -> {};
        run(false, transaction(1), advance, transaction(4), last, (Runnable) () -> {
            throw new AssertionError("polled after the end");
        });
        assertThat(target.text.toString()).isEqualTo("t1\nt4\n");
        assertThat(subscription.confirmed).containsExactly(new Position(1, 0), new Position(4, 0));
    }

    @Test
    void doesNotEndBeforeTheBootstrapThatItAskedFor() throws Exception {
        end = Optional.of(new EndPosition(new Lsn(5), () -> new Lsn(9)));
        Position position = Position.before(6);
        Runnable nothing = () -> {};
        run(
                true,
                nothing,
                nothing,
                new SourceEvent.BootstrapStarted(position, Instant.EPOCH, List.of()),
                nothing,
                nothing,
                new SourceEvent.BootstrapCompleted(position, 0),
                nothing);
        assertThat(subscription.confirmed).containsExactly(position);
        assertThat(stop.requested()).isFalse();
    }
}
