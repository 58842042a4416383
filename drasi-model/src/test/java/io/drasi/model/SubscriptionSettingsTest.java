// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SubscriptionSettingsTest {
    @Test
    void wantsEverythingFromNowOnByDefault() {
        SubscriptionSettings settings = SubscriptionSettings.forQuery("q");
        assertThat(settings.labels()).isEmpty();
        assertThat(settings.bootstrap()).isFalse();
        assertThat(settings.resumeFrom()).isEmpty();
    }

    @Test
    void refusesABootstrapAndAPositionTogether() {
        SubscriptionSettings settings = SubscriptionSettings.forQuery("q").withBootstrap();
        assertThatThrownBy(() -> settings.withResumeFrom(new Position(1, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'q'");
    }

    @Test
    void refusesABlankQuery() {
        assertThatThrownBy(() -> SubscriptionSettings.forQuery(" ")).hasMessageContaining("queryId");
    }
}
