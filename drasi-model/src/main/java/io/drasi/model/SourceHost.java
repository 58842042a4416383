// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds sources by their id, starts those that want it when they are added, and closes them all. Thread-safe. */
public final class SourceHost implements AutoCloseable {
    private final Map<String, Source> sources = new LinkedHashMap<>();
    private boolean closed;

    /** A host without sources. */
    public SourceHost() {}

    /**
     * Takes over {@code source} and starts it if its {@link Source#autoStart} says so.
     *
     * @throws IllegalArgumentException if there is a source with that id
     * @throws IllegalStateException if the host is closed
     */
    public void add(Source source) {
        synchronized (sources) {
            if (closed) {
                throw new IllegalStateException("the host is closed");
            }
            if (sources.putIfAbsent(source.id(), source) != null) {
                throw new IllegalArgumentException("there is a source with the id '" + source.id() + "' already");
            }
        }
        if (source.autoStart()) {
            source.start();
        }
    }

    public Optional<Source> source(String id) {
        synchronized (sources) {
            return Optional.ofNullable(sources.get(id));
        }
    }

    /** The sources in the order in which they were added. */
    public List<Source> sources() {
        synchronized (sources) {
            return List.copyOf(sources.values());
        }
    }

    /** Takes {@code id} out and closes it; false if there is no such source. */
    public boolean remove(String id) {
        Source source;
        synchronized (sources) {
            source = sources.remove(id);
        }
        if (source == null) {
            return false;
        }
        source.close();
        return true;
    }

    /** Closes all sources, the last one added first; a failure of one does not keep the others open. */
    @Override
    public void close() {
        List<Source> all;
        synchronized (sources) {
            closed = true;
            all = new ArrayList<>(sources.values());
            sources.clear();
        }
        Collections.reverse(all);
        RuntimeException failure = null;
        for (Source source : all) {
            try {
                source.close();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
