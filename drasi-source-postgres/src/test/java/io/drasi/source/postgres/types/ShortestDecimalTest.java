// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.decode;
import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.Property;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

/** Numbers that come in binary form, against the same numbers as the text of a server with all digits. */
class ShortestDecimalTest {
    private static final TypeCodec FLOAT4_RANGE = FloatListCodec.rangeOfFloat4("realrange");

    @Test
    void writesEveryDoubleAsTheTextWithAllDigitsIsShortened() {
        Property.forAll(2_000, random -> {
            checkDouble(Double.longBitsToDouble(random.nextLong()));
            checkDouble(random.nextInt() / 1000.0);
            checkDouble(random.nextLong() / 1e9);
            checkDouble(random.nextInt());
            checkDouble(Double.longBitsToDouble(random.nextLong() >>> 12)); // below the smallest normal number
        });
        for (int exponent = 0; exponent < 2047; exponent++) {
            for (long mantissa : new long[] {0, 1, 0xF_FFFF_FFFF_FFFFL}) {
                checkDouble(Double.longBitsToDouble((long) exponent << 52 | mantissa));
            }
        }
    }

    @Test
    void writesEveryFloatAsTheTextWithAllDigitsIsShortened() {
        Property.forAll(2_000, random -> {
            checkFloat(Float.intBitsToFloat(random.nextInt()));
            checkFloat(random.nextInt(2_000_000) / 1000f);
            checkFloat(random.nextInt());
            checkFloat(Float.intBitsToFloat(random.nextInt() >>> 9));
        });
        for (int exponent = 0; exponent < 255; exponent++) {
            for (int mantissa : new int[] {0, 1, 2, 0x7F_FFFF, 0x40_0000}) {
                checkFloat(Float.intBitsToFloat(exponent << 23 | mantissa));
            }
        }
    }

    @Test
    void writesDecimalsOfEachLength() {
        for (int places = 0; places <= 12; places++) {
            for (int digits : new int[] {1, 9, 10, 11, 99, 123, 999_999, 1_000_000, 1_000_001, 123_456_789}) {
                checkDouble(digits / Math.pow(10, places));
                checkFloat((float) (digits / Math.pow(10, places)));
            }
        }
        for (double size = 1; size < 1e20; size *= 10) {
            for (double value : new double[] {size - 1, size, size + 1, size + 0.5, size + 0.125}) {
                checkDouble(value);
                checkDouble(-value);
                checkFloat((float) value);
            }
        }
    }

    @Test
    void keepsWhatIsNoNumber() {
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            assertThat(text(ShortestDecimal.FLOAT8, value)).isEqualTo(Double.toString(value));
            assertThat(text(ShortestDecimal.FLOAT4, value)).isEqualTo(Double.toString(value));
        }
    }

    private static void checkDouble(double value) {
        if (!Double.isFinite(value)) {
            return;
        }
        String text = text(ShortestDecimal.FLOAT8, value);
        assertThat(Double.doubleToLongBits(Double.parseDouble(text)))
                .as("%s is read back", text)
                .isEqualTo(Double.doubleToLongBits(value));
        assertThat(ShortestDecimal.FLOAT8.toDouble(value)).isEqualTo(value);
        String printed = printed(17, value);
        assertDecoded(TypeOid.POINT, "(" + printed + ",0)").isEqualTo(new StringValue("(" + text + ",0)"));
        assertDecoded(TypeOid.FLOAT8, text).isEqualTo(new FloatValue(value));
    }

    private static void checkFloat(float value) {
        if (!Float.isFinite(value)) {
            return;
        }
        String text = text(ShortestDecimal.FLOAT4, value);
        assertThat(Float.floatToIntBits(Float.parseFloat(text)))
                .as("%s is read back", text)
                .isEqualTo(Float.floatToIntBits(value));
        String printed = printed(9, value);
        assertDecoded(TypeOid.FLOAT4, printed).isEqualTo(new FloatValue(ShortestDecimal.FLOAT4.toDouble(value)));
        assertThat(decode(FLOAT4_RANGE, "[" + printed + ",)")).isEqualTo(new StringValue("[" + text + ",)"));
    }

    private static String text(ShortestDecimal numbers, double value) {
        StringBuilder text = new StringBuilder();
        numbers.append(value, text);
        return text.toString();
    }

    /** @param digits so many that no other number has the same */
    private static String printed(int digits, double value) {
        boolean negative = Double.doubleToRawLongBits(value) < 0;
        BigDecimal rounded = new BigDecimal(Math.abs(value)).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        return (negative ? "-" : "") + FloatCodecTest.scientific(rounded);
    }
}
