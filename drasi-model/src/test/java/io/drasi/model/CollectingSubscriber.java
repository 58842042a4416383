// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import io.drasi.testkit.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Keeps the signals that it gets, and requests nothing by itself. */
class CollectingSubscriber implements Flow.Subscriber<SourceEvent> {
    private final List<SourceEvent> events = new ArrayList<>();
    private final Consumer<SourceEvent> eachEvent;
    private Flow.@Nullable Subscription upstream;
    private @Nullable Throwable failure;
    private boolean completed;

    CollectingSubscriber() {
        this(event -> {});
    }

    /** @param eachEvent called with each event, after it was kept */
    CollectingSubscriber(Consumer<SourceEvent> eachEvent) {
        this.eachEvent = eachEvent;
    }

    /** What {@code onSubscribe} brought, waiting for it. */
    Flow.Subscription upstream() {
        Await.until("onSubscribe", () -> {
            synchronized (this) {
                return upstream != null;
            }
        });
        synchronized (this) {
            return upstream;
        }
    }

    synchronized List<SourceEvent> events() {
        return List.copyOf(events);
    }

    synchronized boolean completed() {
        return completed;
    }

    synchronized @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public synchronized void onSubscribe(Flow.Subscription subscription) {
        upstream = subscription;
    }

    @Override
    public void onNext(SourceEvent event) {
        synchronized (this) {
            events.add(event);
        }
        eachEvent.accept(event);
    }

    @Override
    public synchronized void onError(Throwable cause) {
        failure = cause;
    }

    @Override
    public synchronized void onComplete() {
        completed = true;
    }
}
