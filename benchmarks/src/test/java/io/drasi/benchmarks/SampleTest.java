// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SampleTest {
    private static final Set<Sample> TEXTS = EnumSet.of(
            Sample.TEXT_16,
            Sample.TEXT_16_UMLAUTS,
            Sample.TEXT_1000,
            Sample.UUID,
            Sample.JSON,
            Sample.POINT,
            Sample.POINT_OF_VERSION_10,
            Sample.POLYGON);

    /** A composite that does not look like its type would come out as text, and another codec would be measured. */
    @Test
    void everySampleIsReadByTheCodecOfItsType() {
        for (Format format : Format.values()) {
            for (Sample sample : Sample.values()) {
                assertThat(sample.in(format).decode() instanceof StringValue)
                        .as("%s in format %s is given as text", sample, format)
                        .isEqualTo(TEXTS.contains(sample));
            }
        }
    }

    @Test
    void everySampleIsTheSameValueInEachFormat() {
        for (Sample sample : Sample.values()) {
            assertThat(sample.in(Format.BINARY).decode())
                    .as("%s in binary format", sample)
                    .isEqualTo(sample.in(Format.TEXT).decode());
        }
    }

    @Test
    void theCompositesInAnArrayHaveTheFieldsOfTheirType() {
        for (Format format : Format.values()) {
            assertThat(Sample.COMPOSITE_ARRAY.in(format).decode())
                    .isInstanceOfSatisfying(
                            ListValue.class,
                            list -> assertThat(list.values()).hasSize(2).hasOnlyElementsOfType(ObjectValue.class));
        }
    }

    @Test
    void anOldServersCoordinatesComeOutAsANewOnesDo() {
        assertThat(Sample.POINT_OF_VERSION_10.in(Format.TEXT).decode())
                .isEqualTo(Sample.POINT.in(Format.TEXT).decode());
    }
}
