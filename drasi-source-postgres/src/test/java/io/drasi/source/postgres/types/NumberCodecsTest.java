// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.assertRefused;
import static io.drasi.source.postgres.types.Decoding.decode;
import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.testkit.Property;
import java.math.BigDecimal;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class NumberCodecsTest {
    @Test
    void readsBooleans() {
        assertDecoded(TypeOid.BOOL, "t").isEqualTo(new BoolValue(true));
        assertDecoded(TypeOid.BOOL, "f").isEqualTo(new BoolValue(false));
        assertRefused(TypeOid.BOOL, "", "true", "T", "1", "tf");
    }

    @Test
    void readsIntegersUpToTheLimitsOfTheirType() {
        assertDecoded(TypeOid.INT2, "-32768").isEqualTo(new IntegerValue(-32768));
        assertDecoded(TypeOid.INT2, "32767").isEqualTo(new IntegerValue(32767));
        assertDecoded(TypeOid.INT4, "-2147483648").isEqualTo(new IntegerValue(Integer.MIN_VALUE));
        assertDecoded(TypeOid.INT4, "2147483647").isEqualTo(new IntegerValue(Integer.MAX_VALUE));
        assertDecoded(TypeOid.INT8, "-9223372036854775808").isEqualTo(new IntegerValue(Long.MIN_VALUE));
        assertDecoded(TypeOid.INT8, "9223372036854775807").isEqualTo(new IntegerValue(Long.MAX_VALUE));
        assertDecoded(TypeOid.OID, "4294967295").isEqualTo(new IntegerValue(4_294_967_295L));
        assertDecoded(TypeOid.INT4, "0").isEqualTo(new IntegerValue(0));
    }

    @Test
    void refusesIntegersBeyondTheLimitsOfTheirType() {
        assertRefused(TypeOid.INT2, "-32769", "32768");
        assertRefused(TypeOid.INT4, "-2147483649", "2147483648");
        assertRefused(TypeOid.INT8, "-9223372036854775809", "9223372036854775808", "18446744073709551617");
        assertRefused(TypeOid.INT8, "9999999999999999999", "-9999999999999999999", "10000000000000000000");
        assertRefused(TypeOid.OID, "-1", "4294967296");
    }

    @Test
    void refusesWhatIsNoInteger() {
        assertRefused(TypeOid.INT4, "", "-", "+1", " 1", "1 ", "1.0", "1e3", "x", "--1", "\u0661");
    }

    @Test
    void readsEveryLongAsJavaDoes() {
        Property.forAll(20_000, random -> {
            long value = random.nextLong() >> random.nextInt(64);
            assertDecoded(TypeOid.INT8, Long.toString(value)).isEqualTo(new IntegerValue(value));
        });
    }

    @Test
    void keepsDigitsAndScaleOfNumerics() {
        assertDecoded(TypeOid.NUMERIC, "0").isEqualTo(new DecimalValue(BigDecimal.ZERO));
        assertDecoded(TypeOid.NUMERIC, "1.10").isEqualTo(new DecimalValue(new BigDecimal("1.10")));
        assertDecoded(TypeOid.NUMERIC, "-0.00000001").isEqualTo(new DecimalValue(new BigDecimal("-0.00000001")));
        assertDecoded(TypeOid.NUMERIC, "99999999999999999999.9999999999")
                .isEqualTo(new DecimalValue(new BigDecimal("99999999999999999999.9999999999")));
        assertThat(decode(TypeOid.NUMERIC, "0.000")).isNotEqualTo(decode(TypeOid.NUMERIC, "0"));
    }

    @Test
    void readsNumericsWithoutNumericValueAsFloats() {
        assertDecoded(TypeOid.NUMERIC, "NaN").isEqualTo(new FloatValue(Double.NaN));
        assertDecoded(TypeOid.NUMERIC, "Infinity").isEqualTo(new FloatValue(Double.POSITIVE_INFINITY));
        assertDecoded(TypeOid.NUMERIC, "-Infinity").isEqualTo(new FloatValue(Double.NEGATIVE_INFINITY));
    }

    @Test
    void refusesWhatIsNoNumeric() {
        assertRefused(
                TypeOid.NUMERIC, "", "-", ".", ".5", "5.", "1e5", "1.2.3", "nan", "inf", "--1", "+1", "1,5", "1 ");
    }

    @Test
    void readsEveryNumericAsBigDecimalDoes() {
        Property.forAll(5_000, random -> {
            BigInteger unscaled = new BigInteger(random.nextInt(1, 400), new java.util.Random(random.nextLong()));
            BigDecimal value = new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), random.nextInt(60));
            assertDecoded(TypeOid.NUMERIC, value.toPlainString()).isEqualTo(new DecimalValue(value));
        });
    }
}
