// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Property;
import org.junit.jupiter.api.Test;

class TableNameTest {
    @Test
    void leavesThePublicSchemaOutOfTheLabel() {
        assertThat(new TableName("public", "users").label()).isEqualTo("users");
        assertThat(new TableName("sales", "Orders").label()).isEqualTo("sales.Orders");
    }

    @Test
    void readsBothFormsOfATableInPublic() {
        assertThat(TableName.parse("users")).isEqualTo(TableName.parse("public.users"));
    }

    @Test
    void escapesWhatSeparates() {
        TableName name = new TableName("a.b", "c:d\\e");
        assertThat(name.label()).isEqualTo("a\\.b.c\\:d\\\\e");
        assertThat(TableName.parse(name.label())).isEqualTo(name);
    }

    @Test
    void readsBackEveryLabel() {
        Property.forAll(2_000, random -> {
            TableName name = new TableName(identifier(random), identifier(random));
            assertThat(TableName.parse(name.label())).isEqualTo(name);
        });
    }

    @Test
    void givesDifferentTablesDifferentLabels() {
        Property.forAll(2_000, random -> {
            TableName one = new TableName(identifier(random), identifier(random));
            TableName other = new TableName(identifier(random), identifier(random));
            assertThat(one.label().equals(other.label())).isEqualTo(one.equals(other));
        });
    }

    @Test
    void refusesTwoDotsAndEmptyParts() {
        assertThatThrownBy(() -> TableName.parse("a.b.c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.b.c")
                .hasMessageContaining("\\.");
        assertThatThrownBy(() -> TableName.parse("a.")).hasMessageContaining("empty part");
        assertThatThrownBy(() -> TableName.parse(".a")).hasMessageContaining("empty part");
    }

    @Test
    void quotesForSql() {
        assertThat(new TableName("s", "a\"b").sql()).isEqualTo("\"s\".\"a\"\"b\"");
    }

    private static String identifier(java.util.Random random) {
        String alphabet = "ab.:\\_\"é";
        StringBuilder text = new StringBuilder();
        for (int length = 1 + random.nextInt(4); text.length() < length; ) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return random.nextInt(4) == 0 ? "public" : text.toString();
    }
}
