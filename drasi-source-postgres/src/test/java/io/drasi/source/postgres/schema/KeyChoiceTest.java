// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.source.postgres.error.SetupException;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyChoiceTest {
    private static final List<String> COLUMNS = List.of("a", "b", "c");

    @Test
    void takesTheConfiguredKeyInTheOrderGiven() {
        assertThat(choose(ReplicaIdentity.DEFAULT, List.of("a"), keys(List.of("a"), List.of()), List.of("c", "a")))
                .isEqualTo(new RowKey.Columns(List.of(2, 0)));
    }

    @Test
    void takesThePrimaryKeyInIndexOrder() {
        assertThat(choose(ReplicaIdentity.DEFAULT, List.of("a", "b"), keys(List.of("b", "a"), List.of()), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(1, 0)));
    }

    @Test
    void believesTheStreamWhenTheCatalogHasAnotherPrimaryKeyByNow() {
        assertThat(choose(ReplicaIdentity.DEFAULT, List.of("a", "b"), keys(List.of("c"), List.of()), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(0, 1)));
    }

    @Test
    void takesTheIdentityIndexWhenThePrimaryKeyIsNotKnownOnDelete() {
        assertThat(choose(ReplicaIdentity.INDEX, List.of("c", "b"), keys(List.of("a"), List.of("c", "b")), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(2, 1)));
        assertThat(choose(ReplicaIdentity.INDEX, List.of("a", "b"), keys(List.of("a"), List.of("b", "a")), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(0)));
    }

    @Test
    void takesThePrimaryKeyOfATableWithFullIdentity() {
        assertThat(choose(ReplicaIdentity.FULL, COLUMNS, keys(List.of("b"), List.of()), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(1)));
    }

    @Test
    void takesTheWholeRowWhenThereIsNoKeyButFullIdentity() {
        assertThat(choose(ReplicaIdentity.FULL, COLUMNS, CatalogKeys.NONE, List.of()))
                .isEqualTo(new RowKey.Content());
    }

    @Test
    void takesThePlaceWhenThereIsNothingElse() {
        assertThat(choose(ReplicaIdentity.DEFAULT, List.of(), CatalogKeys.NONE, List.of()))
                .isEqualTo(new RowKey.Place());
        assertThat(choose(ReplicaIdentity.NOTHING, List.of(), CatalogKeys.NONE, List.of()))
                .isEqualTo(new RowKey.Place());
    }

    @Test
    void takesThePrimaryKeyWhenNothingIsSentOfOldRows() {
        assertThat(choose(ReplicaIdentity.NOTHING, List.of(), keys(List.of("a"), List.of()), List.of()))
                .isEqualTo(new RowKey.Columns(List.of(0)));
    }

    @Test
    void takesADeferrablePrimaryKeyThatTheServerDoesNotIdentifyRowsBy() {
        CatalogKeys deferrable = new CatalogKeys(List.of("b"), List.of(), false);
        assertThat(choose(ReplicaIdentity.DEFAULT, List.of(), deferrable, List.of()))
                .isEqualTo(new RowKey.Columns(List.of(1)));
    }

    @Test
    void leavesAPrimaryKeyAloneThatIsNotPublished() {
        assertThat(choose(ReplicaIdentity.NOTHING, List.of(), keys(List.of("z"), List.of()), List.of()))
                .isEqualTo(new RowKey.Place());
    }

    @Test
    void refusesAConfiguredColumnThatDoesNotExist() {
        assertThatThrownBy(() -> choose(ReplicaIdentity.FULL, COLUMNS, CatalogKeys.NONE, List.of("nope")))
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("table_keys")
                .hasMessageContaining("'nope'")
                .hasMessageContaining("a, b, c");
    }

    private static RowKey choose(
            ReplicaIdentity identity, List<String> identityColumns, CatalogKeys keys, List<String> configured) {
        return KeyChoice.choose(new TableName("public", "t"), COLUMNS, identity, identityColumns, keys, configured);
    }

    private static CatalogKeys keys(List<String> primaryKey, List<String> identityIndex) {
        return new CatalogKeys(primaryKey, identityIndex);
    }
}
