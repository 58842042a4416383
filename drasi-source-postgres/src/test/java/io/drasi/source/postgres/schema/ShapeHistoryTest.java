// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.TypeOid;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShapeHistoryTest {
    private static final Position PLACE = Position.before(100);

    private final ShapeHistory history = new ShapeHistory(shape("a"));

    private static TableShape shape(String... columns) {
        return new TableShape(
                new TableName("public", "t"),
                Arrays.stream(columns)
                        .map(name -> new CatalogColumn(name, TypeOid.INT4, TypeOid.INT4, -1))
                        .toList(),
                ReplicaIdentity.DEFAULT,
                List.of("a"),
                new CatalogKeys(List.of("a"), List.of()),
                List.of(),
                new DatabaseTypes(false));
    }

    private Optional<ShapeChange> first(String... columns) {
        return history.define(shape(columns), PLACE, false);
    }

    private Optional<ShapeChange> again(String... columns) {
        return history.define(shape(columns), PLACE, true);
    }

    private static void assertNew(Optional<ShapeChange> change) {
        assertThat(change)
                .hasValueSatisfying(what -> assertThat(what.repeated()).isFalse());
    }

    private static void assertRepeated(Optional<ShapeChange> change) {
        assertThat(change)
                .hasValueSatisfying(what -> assertThat(what.repeated()).isTrue());
    }

    @Test
    void announcesEachChangeOnce() {
        assertThat(first("a")).isEmpty();
        assertNew(first("a", "b"));
        assertThat(first("a", "b")).isEmpty();
        assertNew(first("a"));
        assertThat(history.current().names().asList()).containsExactly("a");
    }

    @Test
    void goesBackInSilenceAndForwardAgainWhenAStreamRepeats() {
        first("a", "b");
        first("a", "b", "c");
        history.beginStream();
        assertThat(again("a")).isEmpty();
        assertThat(history.current().names().asList()).containsExactly("a");
        assertRepeated(again("a", "b"));
        assertRepeated(again("a", "b", "c"));
        assertNew(first("a", "c"));
    }

    @Test
    void beginsAnywhereInWhatWasShown() {
        first("a", "b");
        first("a", "b", "c");
        history.beginStream();
        assertThat(again("a", "b")).isEmpty();
        assertRepeated(again("a", "b", "c"));
    }

    @Test
    void announcesWhatTheBrokenStreamHadNotComeTo() {
        first("a", "b");
        history.beginStream();
        assertThat(again("a")).isEmpty();
        assertRepeated(again("a", "b"));
        assertNew(again("a", "b", "c"));
        assertNew(again("a"));
    }

    @Test
    void announcesNothingAgainWhenAStreamBrokeAfterItHadGoneBack() {
        first("a");
        first("a", "b");
        history.beginStream();
        assertThat(again("a")).isEmpty();
        history.beginStream();
        assertThat(first("a", "b")).as("this one begins after the change").isEmpty();
        assertNew(first("a"));
    }

    @Test
    void comparesWithWhatTheStreamItselfHasDescribed() {
        first("a", "b");
        history.beginStream();
        assertThat(again("a")).isEmpty();
        assertNew(first("a", "b"));
    }

    @Test
    void takesAShapeThatComesBackForAChangeEvenThoughItIsKnown() {
        first("a", "b");
        first("a");
        history.beginStream();
        assertThat(again("a")).as("the first of the two").isEmpty();
        assertRepeated(again("a", "b"));
        assertRepeated(again("a"));
    }

    @Test
    void forgetsWhatIsLongAgo() {
        for (int i = 0; i < 500; i++) {
            assertNew(first("a", "c" + i));
        }
        history.beginStream();
        assertThat(again("a", "c450")).isEmpty();
        assertRepeated(again("a", "c451"));
    }
}
