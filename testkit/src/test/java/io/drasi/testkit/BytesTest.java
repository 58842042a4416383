// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BytesTest {
    @Test
    void writesNumbersInNetworkByteOrder() {
        byte[] bytes = new Bytes()
                .int8(0xff)
                .int16(-2)
                .int32(0xfffffffdL)
                .int64(0x0102030405060708L)
                .toByteArray();
        assertThat(bytes).isEqualTo(Bytes.hex("ff fffe fffffffd 0102030405060708"));
    }

    @Test
    void rejectsNumbersThatDoNotFit() {
        assertThatThrownBy(() -> new Bytes().int8(256)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Bytes().int16(-32_769)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Bytes().int32(1L << 32)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void countsTheLengthOfAFrameWithItself() {
        byte[] query = new Bytes().frame('Q', body -> body.cstring("é")).toByteArray();
        assertThat(query).isEqualTo(Bytes.of('Q', 0, 0, 0, 7, 0xc3, 0xa9, 0));
        assertThat(new Bytes().frame(body -> body.int32(80877103)).toByteArray())
                .isEqualTo(Bytes.hex("00000008 04d2162f"));
    }

    @Test
    void writesTheLengthOfValuesInBytes() {
        assertThat(new Bytes().sizedText("é").toByteArray()).isEqualTo(Bytes.hex("00000002 c3a9"));
    }

    @Test
    void givesEveryTruncationButNotTheWhole() {
        assertThat(Bytes.truncations(Bytes.of(1, 2, 3))).containsExactly(Bytes.of(), Bytes.of(1), Bytes.of(1, 2));
    }
}
