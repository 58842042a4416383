// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.error;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.backend.ServerMessage;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerErrorExceptionTest {
    private static ServerErrorException error(String sqlState) {
        Map<Character, String> fields = new LinkedHashMap<>();
        fields.put('S', "FEHLER");
        fields.put('V', "ERROR");
        fields.put('C', sqlState);
        fields.put('M', "it failed");
        fields.put('D', "a detail");
        fields.put('H', "a hint");
        return new ServerErrorException("query on db:5432", new ServerMessage(fields));
    }

    @Test
    void saysWhatWasDoneWhereAndWhatTheServerSaid() {
        assertThat(error("42P01"))
                .hasMessage("query on db:5432: ERROR 42P01: it failed Detail: a detail Hint: a hint")
                .satisfies(e -> assertThat(e.sqlState()).isEqualTo("42P01"))
                .satisfies(e -> assertThat(e.serverMessage().hint()).contains("a hint"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "57P01", "57P02", "57P03", "57P05", "57014", "53000", "53100", "53200", "53300", "55006", "55P03",
                "40001", "40P01", "25P03", "25P04", "58030", "08006"
            })
    void isRetryableIfItPassesByItself(String sqlState) {
        assertThat(error(sqlState).retryable()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"28P01", "28000", "3D000", "42501", "42P01", "53400", "55000", "08P01"})
    void isNotRetryableIfSomebodyMustFixSomething(String sqlState) {
        assertThat(error(sqlState).retryable()).isFalse();
    }
}
