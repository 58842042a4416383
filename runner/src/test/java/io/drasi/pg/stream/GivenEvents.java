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

    /** One event, or what {@code event} throws in place of it. */
    static GivenEvents of(Callable<SourceEvent> event) {
        return new GivenEvents(List.of(event));
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
