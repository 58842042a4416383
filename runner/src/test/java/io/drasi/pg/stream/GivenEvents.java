// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.stream;

import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** A subscription that yields what it was given, and then has ended. */
final class GivenEvents implements Subscription {
    private final ArrayDeque<Callable<SourceEvent>> script;

    private GivenEvents(List<Callable<SourceEvent>> script) {
        this.script = new ArrayDeque<>(script);
    }

    static GivenEvents of(SourceEvent event) {
        return new GivenEvents(List.of(() -> event));
    }

    /** The source of this one fails in the way of {@code failing}. */
    static GivenEvents failing(Callable<SourceEvent> failing) {
        return new GivenEvents(List.of(failing));
    }

    @Override
    public Optional<SourceEvent> poll(Duration timeout) throws InterruptedException {
        if (script.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(script.removeFirst().call());
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public boolean ended() {
        return script.isEmpty();
    }

    @Override
    public void confirm(Position position) {}

    @Override
    public String queryId() {
        return "test";
    }

    @Override
    public Iterator<SourceEvent> iterator() {
        throw new AssertionError("not used");
    }

    @Override
    public void close() {}
}
