// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static io.drasi.source.postgres.types.Decoding.assertDecoded;
import static io.drasi.source.postgres.types.Decoding.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.testkit.Property;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FloatCodecTest {
    /** What versions 10 and 11 print; C's printf rounds a tie to the even digit. */
    private static final MathContext NINE_DIGITS = new MathContext(9, RoundingMode.HALF_EVEN);

    private static final MathContext EIGHTEEN_DIGITS = new MathContext(18, RoundingMode.HALF_EVEN);

    @Test
    void readsDoublesExactly() {
        assertDecoded(TypeOid.FLOAT8, "0.1").isEqualTo(new FloatValue(0.1));
        assertDecoded(TypeOid.FLOAT8, "0.10000000000000001").isEqualTo(new FloatValue(0.1));
        assertDecoded(TypeOid.FLOAT8, "1e+15").isEqualTo(new FloatValue(1e15));
        assertDecoded(TypeOid.FLOAT8, "1000000000000000").isEqualTo(new FloatValue(1e15));
        assertDecoded(TypeOid.FLOAT8, "-1.7976931348623157e+308").isEqualTo(new FloatValue(-Double.MAX_VALUE));
        assertDecoded(TypeOid.FLOAT8, "5e-324").isEqualTo(new FloatValue(Double.MIN_VALUE));
        assertDecoded(TypeOid.FLOAT8, "4.9406564584124654e-324").isEqualTo(new FloatValue(Double.MIN_VALUE));
        assertDecoded(TypeOid.FLOAT8, "0").isEqualTo(new FloatValue(0.0));
        assertDecoded(TypeOid.FLOAT8, "-0").isEqualTo(new FloatValue(-0.0));
    }

    @Test
    void keepsWhatIsNoNumberAsFloat() {
        for (long oid : new long[] {TypeOid.FLOAT4, TypeOid.FLOAT8}) {
            assertDecoded(oid, "NaN").isEqualTo(new FloatValue(Double.NaN));
            assertDecoded(oid, "Infinity").isEqualTo(new FloatValue(Double.POSITIVE_INFINITY));
            assertDecoded(oid, "-Infinity").isEqualTo(new FloatValue(Double.NEGATIVE_INFINITY));
        }
    }

    @Test
    void givesFloat4ByItsShortestDecimal() {
        assertDecoded(TypeOid.FLOAT4, "0.1").isEqualTo(new FloatValue(0.1));
        assertDecoded(TypeOid.FLOAT4, "0.100000001").isEqualTo(new FloatValue(0.1));
        assertDecoded(TypeOid.FLOAT4, "3.40282347e+38").isEqualTo(new FloatValue(3.4028235e38));
        assertDecoded(TypeOid.FLOAT4, "3.4028235e+38").isEqualTo(new FloatValue(3.4028235e38));
        assertDecoded(TypeOid.FLOAT4, "1.40129846e-45").isEqualTo(new FloatValue(1e-45));
        assertDecoded(TypeOid.FLOAT4, "1e-45").isEqualTo(new FloatValue(1e-45));
        assertDecoded(TypeOid.FLOAT4, "16777216").isEqualTo(new FloatValue(16777216));
        assertDecoded(TypeOid.FLOAT4, "1.6777216e+07").isEqualTo(new FloatValue(16777216));
        assertDecoded(TypeOid.FLOAT4, "-0").isEqualTo(new FloatValue(-0.0));
        assertDecoded(TypeOid.FLOAT4, "1.17549435e-38").isEqualTo(new FloatValue(1.1754944e-38));
        assertDecoded(TypeOid.FLOAT4, "33554448").isEqualTo(new FloatValue(33554448));
    }

    @Test
    void refusesWhatIsNoFloat() {
        assertRefused(
                TypeOid.FLOAT8, "", "-", "nan", "inf", "1e5", "1e+5", "1e+1000", "1.2.3", "+1", "1f", "0x1p3", "1 ");
        assertRefused(TypeOid.FLOAT8, ".5", "1234567890123456789");
        assertRefused(TypeOid.FLOAT4, "", "abc", "1e");
    }

    @Test
    void givesTheSameForTheLongTextOfOldVersionsAndTheShortOneOfNewVersions() {
        Property.forAll(20_000, random -> checkFloat(randomFloat(random.nextInt())));
        for (int exponent = 0; exponent < 255; exponent++) {
            for (int mantissa : new int[] {0, 1, 2, 0x7F_FFFF, 0x40_0000}) {
                checkFloat(Float.intBitsToFloat(exponent << 23 | mantissa));
            }
        }
    }

    @Test
    void rendersCoordinatesOfOldAndNewVersionsAlike() {
        Property.forAll(1_000, random -> {
            double value = Double.longBitsToDouble(random.nextLong());
            checkDouble(Double.isFinite(value) ? value : random.nextInt());
            checkDouble(random.nextInt(2_000_000) / 1000.0);
        });
        for (int exponent = 0; exponent < 2047; exponent += 20) {
            checkDouble(Double.longBitsToDouble((long) exponent << 52));
        }
    }

    @Test
    void writesCoordinatesAsPostgresDoes() {
        assertDecoded(TypeOid.POINT, "(0.100000000000000006,1000000000000000)")
                .isEqualTo(new StringValue("(0.1,1e+15)"));
        assertDecoded(TypeOid.POINT, "(0.0001,1.00000000000000008e-05)").isEqualTo(new StringValue("(0.0001,1e-05)"));
        assertDecoded(TypeOid.LSEG, "[(-0,1.5),(NaN,-Infinity)]")
                .isEqualTo(new StringValue("[(-0,1.5),(NaN,-Infinity)]"));
        assertDecoded(TypeOid.CIRCLE, "<(123456789012345,1e+100),1.5e-300>")
                .isEqualTo(new StringValue("<(123456789012345,1e+100),1.5e-300>"));
        assertDecoded(TypeOid.POINT, "(1.5e-10,9e-09)").isEqualTo(new StringValue("(1.5e-10,9e-09)"));
        assertDecoded(TypeOid.LINE, "{1,-1,0}").isEqualTo(new StringValue("{1,-1,0}"));
        assertRefused(TypeOid.POINT, "(1,two)", "(1 ,2)");
    }

    private static float randomFloat(int bits) {
        float value = Float.intBitsToFloat(bits);
        return Float.isFinite(value) ? value : bits;
    }

    private static void checkFloat(float value) {
        double half = Math.ulp(value) / 2.0;
        BigDecimal shortest = bruteForceShortest(
                value, new BigDecimal(middle(value, Math.nextDown(value), half)), new BigDecimal(value + half));
        FloatValue expected = new FloatValue(value == 0 ? value : shortest.doubleValue());
        assertDecoded(TypeOid.FLOAT4, scientific(new BigDecimal(value).round(NINE_DIGITS)))
                .isEqualTo(expected.value() == 0 ? new FloatValue(0.0) : expected);
        assertDecoded(TypeOid.FLOAT4, scientific(shortest))
                .isEqualTo(expected.value() == 0 ? new FloatValue(0.0) : expected);
    }

    private static double middle(float value, float below, double half) {
        return Float.isFinite(below) ? ((double) value + below) / 2 : value - half;
    }

    private static void checkDouble(double value) {
        if (value == 0) {
            return;
        }
        BigDecimal exact = new BigDecimal(value);
        BigDecimal above = middle(exact, Math.nextUp(value), Math.ulp(value));
        BigDecimal below = middle(exact, Math.nextDown(value), -Math.ulp(value));
        BigDecimal shortest = bruteForceShortest(value, below, above);
        for (BigDecimal printed : new BigDecimal[] {exact.round(EIGHTEEN_DIGITS), shortest}) {
            byte[] text = scientific(printed).getBytes(StandardCharsets.US_ASCII);
            FloatText found = ShortestDecimal.FLOAT8.of(FloatText.read(new TextCursor("float8", text, 0, text.length)));
            assertThat(new BigDecimal((found.negative() ? "-" : "") + found.digits() + "e" + found.exponent()))
                    .as("shortest decimal of %s", printed)
                    .isEqualByComparingTo(shortest);
            StringBuilder rendered = new StringBuilder();
            ShortestDecimal.FLOAT8.append(found, rendered);
            assertThat(Double.parseDouble(rendered.toString())).isEqualTo(value);
        }
    }

    private static BigDecimal middle(BigDecimal exact, double neighbour, double ulp) {
        BigDecimal other = Double.isFinite(neighbour) ? new BigDecimal(neighbour) : exact.add(new BigDecimal(ulp));
        return exact.add(other).divide(BigDecimal.valueOf(2));
    }

    /** Tries every length and, of each, both neighbours. */
    private static BigDecimal bruteForceShortest(double value, BigDecimal lower, BigDecimal upper) {
        BigDecimal exact = new BigDecimal(value);
        for (int precision = 1; ; precision++) {
            BigDecimal best = null;
            for (RoundingMode mode :
                    new RoundingMode[] {RoundingMode.HALF_EVEN, RoundingMode.FLOOR, RoundingMode.CEILING}) {
                BigDecimal candidate = exact.round(new MathContext(precision, mode));
                boolean inside = candidate.compareTo(lower) > 0 && candidate.compareTo(upper) < 0;
                if (inside && (best == null || distance(candidate, exact).compareTo(distance(best, exact)) < 0)) {
                    best = candidate;
                }
            }
            if (best != null) {
                return best;
            }
        }
    }

    private static BigDecimal distance(BigDecimal one, BigDecimal other) {
        return one.subtract(other).abs();
    }

    /** As printf's %e writes it, without zeros at the end. */
    static String scientific(BigDecimal number) {
        if (number.signum() == 0) {
            return "0";
        }
        BigDecimal plain = number.stripTrailingZeros();
        String digits = plain.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - plain.scale();
        return (number.signum() < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
