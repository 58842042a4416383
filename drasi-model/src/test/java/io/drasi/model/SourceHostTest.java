// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SourceHostTest {
    private final List<String> log = new ArrayList<>();

    @Test
    void startsThoseThatWantItWhenTheyAreAdded() {
        try (SourceHost host = new SourceHost()) {
            host.add(new Recorded("a", true, false));
            host.add(new Recorded("b", false, false));
            assertThat(log).containsExactly("start a");
            assertThat(host.source("b")).isPresent();
            assertThat(host.sources()).hasSize(2);
        }
        assertThat(log).containsExactly("start a", "close b", "close a");
    }

    @Test
    void refusesASecondSourceOfTheSameId() {
        try (SourceHost host = new SourceHost()) {
            host.add(new Recorded("a", false, false));
            assertThatThrownBy(() -> host.add(new Recorded("a", true, false))).hasMessageContaining("'a'");
            assertThat(log).isEmpty();
        }
    }

    @Test
    void closesTheOthersWhenOneFails() {
        SourceHost host = new SourceHost();
        host.add(new Recorded("a", false, false));
        host.add(new Recorded("b", false, true));
        assertThatThrownBy(host::close).hasMessage("b does not close");
        assertThat(log).containsExactly("close b", "close a");
        assertThatThrownBy(() -> host.add(new Recorded("c", false, false))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closesWhatIsTakenOut() {
        try (SourceHost host = new SourceHost()) {
            host.add(new Recorded("a", false, false));
            assertThat(host.remove("a")).isTrue();
            assertThat(host.remove("a")).isFalse();
            assertThat(log).containsExactly("close a");
        }
    }

    /** Writes down what it is told. */
    private final class Recorded implements Source {
        private final String id;
        private final boolean autoStart;
        private final boolean failing;

        Recorded(String id, boolean autoStart, boolean failing) {
            this.id = id;
            this.autoStart = autoStart;
            this.failing = failing;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public String typeName() {
            return "recorded";
        }

        @Override
        public Map<String, Object> properties() {
            return Map.of();
        }

        @Override
        public boolean autoStart() {
            return autoStart;
        }

        @Override
        public void start() {
            log.add("start " + id);
        }

        @Override
        public void stop() {
            log.add("stop " + id);
        }

        @Override
        public StatusChange status() {
            return new StatusChange(id, ComponentStatus.STOPPED, Optional.empty(), Optional.empty());
        }

        @Override
        public Runnable addStatusListener(Consumer<StatusChange> listener) {
            return () -> {};
        }

        @Override
        public Subscription subscribe(SubscriptionSettings settings) {
            throw new IllegalStateException("not listened to here");
        }

        @Override
        public void close() {
            log.add("close " + id);
            if (failing) {
                throw new IllegalStateException(id + " does not close");
            }
        }
    }
}
