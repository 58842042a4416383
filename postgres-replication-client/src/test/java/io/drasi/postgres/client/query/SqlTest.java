// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SqlTest {
    @Test
    void quotesIdentifiers() {
        assertThat(Sql.identifier("users")).isEqualTo("\"users\"");
        assertThat(Sql.identifier("Odd \"name\"")).isEqualTo("\"Odd \"\"name\"\"\"");
    }

    @Test
    void quotesLiterals() {
        assertThat(Sql.literal("it's")).isEqualTo("'it''s'");
        assertThat(Sql.literal("a\\'b")).isEqualTo("E'a\\\\''b'");
        assertThat(Sql.plainLiteral("a\\'b")).isEqualTo("'a\\''b'");
    }

    @Test
    void rejectsWhatCannotBeQuoted() {
        assertThatIllegalArgumentException().isThrownBy(() -> Sql.identifier(""));
        assertThatIllegalArgumentException().isThrownBy(() -> Sql.identifier("a\0"));
        assertThatIllegalArgumentException().isThrownBy(() -> Sql.literal("a\0"));
    }
}
