// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Property;
import org.junit.jupiter.api.Test;

class LsnTest {
    private static final Lsn GREATEST = new Lsn(-1);

    @Test
    void parsesTheServersTextForm() {
        assertThat(Lsn.parse("16/B374D848")).isEqualTo(new Lsn(0x16_B374_D848L));
        assertThat(Lsn.parse("0/0")).isEqualTo(Lsn.INVALID);
        assertThat(Lsn.parse("FFFFFFFF/ffffffff")).isEqualTo(GREATEST);
        assertThat(Lsn.parse("00000001/0000000a")).isEqualTo(new Lsn(0x1_0000_000AL));
    }

    @Test
    void printsTheServersTextForm() {
        assertThat(new Lsn(0x16_B374_D848L)).hasToString("16/B374D848");
        assertThat(new Lsn(0x1_0000_000AL)).hasToString("1/A");
        assertThat(Lsn.INVALID).hasToString("0/0");
        assertThat(GREATEST).hasToString("FFFFFFFF/FFFFFFFF");
    }

    @Test
    void rejectsWhatIsNotAnLsnAndNamesIt() {
        for (String text : new String[] {
            "",
            "/",
            "1",
            "1/",
            "/1",
            "123456789/0",
            "0/123456789",
            "0/1/2",
            "-1/0",
            "+1/0",
            "0x1/0",
            " 0/1",
            "0/1 ",
            "g/0",
            "\u0661/0"
        }) {
            assertThatThrownBy(() -> Lsn.parse(text))
                    .as("'%s'", text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + text + "'");
        }
    }

    @Test
    void parsesWhatItPrints() {
        Property.forAll(1000, random -> {
            Lsn lsn = new Lsn(random.nextLong() >>> random.nextInt(64));
            assertThat(Lsn.parse(lsn.toString())).isEqualTo(lsn);
        });
    }

    @Test
    void ordersUnsigned() {
        Lsn low = new Lsn(1);
        Lsn high = new Lsn(Long.MIN_VALUE);

        assertThat(low).isLessThan(high);
        assertThat(high).isLessThan(GREATEST);
        assertThat(low.isBefore(high)).isTrue();
        assertThat(high.isBefore(low)).isFalse();
        assertThat(low.isBefore(low)).isFalse();
        assertThat(high.isAfter(low)).isTrue();
        assertThat(low.isAfter(high)).isFalse();
        assertThat(low.isAfter(low)).isFalse();
        assertThat(low.max(high)).isEqualTo(high);
        assertThat(high.max(low)).isEqualTo(high);
        assertThat(low.min(high)).isEqualTo(low);
        assertThat(high.min(low)).isEqualTo(low);
    }

    @Test
    void countsTheBytesBetweenTwoPositions() {
        assertThat(new Lsn(0x1_0000_0010L).minus(new Lsn(0xFFFF_FFF0L))).isEqualTo(0x20);
        assertThat(new Lsn(5).minus(new Lsn(8))).isEqualTo(-3);
        assertThat(new Lsn(Long.MIN_VALUE + 1).minus(new Lsn(Long.MAX_VALUE))).isEqualTo(2);
    }

    @Test
    void onlyZeroIsInvalid() {
        assertThat(Lsn.INVALID.isValid()).isFalse();
        assertThat(new Lsn(1).isValid()).isTrue();
        assertThat(GREATEST.isValid()).isTrue();
    }
}
