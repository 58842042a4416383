// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.wire.ProtocolException;
import org.junit.jupiter.api.Test;

class ServerVersionTest {
    @Test
    void readsVersionsAsServersAndDistributionsWriteThem() {
        assertThat(ServerVersion.number("10.23")).isEqualTo(100_023);
        assertThat(ServerVersion.number("18.6")).isEqualTo(180_006);
        assertThat(ServerVersion.number("16beta1")).isEqualTo(160_000);
        assertThat(ServerVersion.number("19devel")).isEqualTo(190_000);
        assertThat(ServerVersion.number("15.18 (Debian 15.18-0+deb12u1)")).isEqualTo(150_018);
        assertThat(ServerVersion.number("9.6.24")).isEqualTo(90_624);
        assertThat(ServerVersion.number("9.6beta2")).isEqualTo(90_600);
    }

    @Test
    void rejectsATextWithoutAVersion() {
        assertThatThrownBy(() -> ServerVersion.number("")).isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> ServerVersion.number("PostgreSQL")).isInstanceOf(ProtocolException.class);
    }
}
