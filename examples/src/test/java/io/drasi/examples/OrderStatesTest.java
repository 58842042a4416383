// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Element;
import io.drasi.model.ElementMetadata;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementReference;
import io.drasi.model.ElementValue;
import io.drasi.model.SourceChange;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OrderStatesTest {
    private final OrderStates states = OrderStates.load(Path.of("no-such-file"));

    private static ElementMetadata metadata(String id) {
        return new ElementMetadata(new ElementReference("orders", id), List.of("orders"), 0);
    }

    private static Element order(String id, Map<String, ElementValue> properties) {
        return new Element.Node(metadata(id), ElementProperties.of(properties));
    }

    @Test
    void carriesAStateOverThatWasNotSentAgainWithTheNewId() {
        states.apply(new SourceChange.Insert(order("orders:1", Map.of("status", new ElementValue.StringValue("new")))));
        states.apply(new SourceChange.Delete(metadata("orders:1"), Optional.empty()));
        states.apply(new SourceChange.Insert(
                order("orders:2", Map.of("note", new ElementValue.StringValue("x"))),
                Optional.of("orders:1"),
                List.of("status")));
        assertThat(states.counts()).isEqualTo(Map.of("new", 1));
        states.apply(new SourceChange.Delete(metadata("orders:2"), Optional.empty()));
        assertThat(states.counts()).isEmpty();
    }
}
