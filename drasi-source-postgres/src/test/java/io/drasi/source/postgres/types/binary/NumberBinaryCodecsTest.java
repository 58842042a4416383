// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NumberBinaryCodecsTest {
    private static final int POSITIVE = 0;
    private static final int NEGATIVE = 0x4000;
    private static final int NAN = 0xC000;
    private static final int INFINITY = 0xD000;
    private static final int NEGATIVE_INFINITY = 0xF000;

    private final BinaryReading reading = new BinaryReading();

    @Test
    void readsBooleans() {
        reading.assertReadWhole(TypeOid.BOOL, Bytes.of(1), "t");
        reading.assertReadWhole(TypeOid.BOOL, Bytes.of(0), "f");
        assertThat(reading.decode(TypeOid.BOOL, Bytes.of(1))).isEqualTo(new BoolValue(true));
        reading.assertRefused(TypeOid.BOOL, Bytes.of(2));
        reading.assertRefused(TypeOid.BOOL, Bytes.of(-1));
    }

    @Test
    void readsIntegersUpToTheLimitsOfTheirType() {
        reading.assertReadWhole(TypeOid.INT2, Bytes.hex("8000"), "-32768");
        reading.assertReadWhole(TypeOid.INT2, Bytes.hex("7fff"), "32767");
        reading.assertReadWhole(TypeOid.INT4, Bytes.hex("80000000"), "-2147483648");
        reading.assertReadWhole(TypeOid.INT4, Bytes.hex("7fffffff"), "2147483647");
        reading.assertReadWhole(TypeOid.INT8, Bytes.hex("8000000000000000"), "-9223372036854775808");
        reading.assertReadWhole(TypeOid.INT8, Bytes.hex("7fffffffffffffff"), "9223372036854775807");
        reading.assertReadWhole(TypeOid.INT4, Bytes.hex("00000102"), "258");
        assertThat(reading.decode(TypeOid.INT4, Bytes.hex("00000102"))).isEqualTo(new IntegerValue(258));
    }

    @Test
    void readsOidsUnsigned() {
        reading.assertReadWhole(TypeOid.OID, Bytes.hex("ffffffff"), "4294967295");
        reading.assertReadWhole(TypeOid.OID, Bytes.hex("00000001"), "1");
    }

    @Test
    void readsNumericsOfEveryShape() {
        assertNumeric("0", 0, POSITIVE, 0);
        assertNumeric("0.000", 0, POSITIVE, 3);
        assertNumeric("1", 0, POSITIVE, 0, 1);
        assertNumeric("-1", 0, NEGATIVE, 0, 1);
        assertNumeric("1.10", 0, POSITIVE, 2, 1, 1000);
        assertNumeric("12345.67", 1, POSITIVE, 2, 1, 2345, 6700);
        assertNumeric("10000", 1, POSITIVE, 0, 1);
        assertNumeric("-10000.0", 1, NEGATIVE, 1, 1);
        assertNumeric("100000001.00000001", 2, POSITIVE, 8, 1, 0, 1, 0, 1);
        assertNumeric("100000001", 2, POSITIVE, 0, 1, 0, 1);
        assertNumeric("10000000000000000", 4, POSITIVE, 0, 1);
        assertNumeric("0.0001", -1, POSITIVE, 4, 1);
        assertNumeric("-0.00000001", -2, NEGATIVE, 8, 1);
        assertNumeric("0.5", -1, POSITIVE, 1, 5000);
        assertNumeric("0.00000000000000000005", -5, POSITIVE, 20, 5);
        assertNumeric("10203.0405", 1, POSITIVE, 4, 1, 203, 405);
        assertNumeric("9999999999999999", 3, POSITIVE, 0, 9999, 9999, 9999, 9999);
        assertNumeric("99999999999999990000", 4, POSITIVE, 0, 9999, 9999, 9999, 9999);
        assertNumeric(
                "-12345678901234567890.123456789", 4, NEGATIVE, 9, 1234, 5678, 9012, 3456, 7890, 1234, 5678, 9000);
        assertNumeric("1.00000000000000000000", 0, POSITIVE, 20, 1);
        assertNumeric("20000.000000000000000000", 1, POSITIVE, 18, 2);
    }

    @Test
    void readsNumericsAtTheLimitsOfTheFormat() {
        assertThat(reading.text(TypeOid.NUMERIC, numeric(32_767, POSITIVE, 0, 1)))
                .isEqualTo("1" + "0".repeat(131_068));
        assertNumeric("0." + "0".repeat(16_380) + "123", -4096, POSITIVE, 16_383, 1230);
    }

    @Test
    void readsNumericsWithoutNumericValueAsFloats() {
        reading.assertReadWhole(TypeOid.NUMERIC, numeric(0, NAN, 0), "NaN");
        reading.assertReadWhole(TypeOid.NUMERIC, numeric(0, INFINITY, 32), "Infinity");
        reading.assertReadWhole(TypeOid.NUMERIC, numeric(0, NEGATIVE_INFINITY, 0xFFFF), "-Infinity");
        assertThat(reading.decode(TypeOid.NUMERIC, numeric(0, NEGATIVE_INFINITY, 32)))
                .isEqualTo(new FloatValue(Double.NEGATIVE_INFINITY));
    }

    @Test
    void refusesWhatIsNoNumeric() {
        for (int sign : new int[] {1, 0x4001, 0x8000, 0xE000, 0xFFFF}) {
            reading.assertRefused(TypeOid.NUMERIC, numeric(0, sign, 0, 1));
        }
        reading.assertRefused(TypeOid.NUMERIC, numeric(0, POSITIVE, 0x4000, 1));
        reading.assertRefused(TypeOid.NUMERIC, numeric(0, POSITIVE, 0, 10_000));
        reading.assertRefused(TypeOid.NUMERIC, numeric(1, POSITIVE, 0, 1, -1));
        reading.assertRefused(TypeOid.NUMERIC, numeric(0, NAN, 0, 1));
        reading.assertRefused(TypeOid.NUMERIC, Bytes.hex("ffff 0000 0000 0000 0001"));
        reading.assertRefused(TypeOid.NUMERIC, Bytes.hex("0000 0000 0000 0000 0001"));
    }

    @Test
    void readsEveryNumericAsBigDecimalDoes() {
        Property.forAll(5_000, random -> {
            BigInteger unscaled = new BigInteger(random.nextInt(1, 200), new Random(random.nextLong()));
            BigDecimal value = new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), random.nextInt(40));
            byte[] bytes = numeric(value);
            assertThat(reading.decode(TypeOid.NUMERIC, bytes)).isEqualTo(new DecimalValue(value));
            assertThat(reading.text(TypeOid.NUMERIC, bytes)).isEqualTo(value.toPlainString());
        });
    }

    @Test
    void readsDoublesOfEveryKind() {
        assertFloat8("0", 0.0);
        assertFloat8("-0", -0.0);
        assertFloat8("0.1", 0.1);
        assertFloat8("1e+15", 1e15);
        assertFloat8("999999999999999", 999_999_999_999_999.0);
        assertFloat8("0.0001", 0.0001);
        assertFloat8("1e-05", 0.00001);
        assertFloat8("-1.7976931348623157e+308", -Double.MAX_VALUE);
        assertFloat8("5e-324", Double.MIN_VALUE);
        assertFloat8("2.2250738585072014e-308", Double.MIN_NORMAL);
        assertFloat8("9.007199254740992e+15", 1L << 53);
        assertFloat8("NaN", Double.NaN);
        assertFloat8("Infinity", Double.POSITIVE_INFINITY);
        assertFloat8("-Infinity", Double.NEGATIVE_INFINITY);
        reading.assertRead(TypeOid.FLOAT8, Bytes.hex("fff8000000000001"), "NaN");
    }

    @Test
    void givesFloat4ByItsShortestDecimal() {
        assertFloat4("0", 0f);
        assertFloat4("-0", -0f);
        assertFloat4("0.1", 0.1f);
        assertFloat4("3.4028235e+38", Float.MAX_VALUE);
        assertFloat4("1e-45", Float.MIN_VALUE);
        assertFloat4("1.1754944e-38", Float.MIN_NORMAL);
        assertFloat4("999999", 999_999f);
        assertFloat4("1e+06", 1_000_000f);
        assertFloat4("1.6777216e+07", 16_777_216f);
        assertFloat4("1.6777218e+07", 16_777_218f);
        assertFloat4("3.3554448e+07", 33_554_432f + 16);
        assertFloat4("-33.5", -33.5f);
        assertFloat4("NaN", Float.NaN);
        assertFloat4("Infinity", Float.POSITIVE_INFINITY);
        assertFloat4("-Infinity", Float.NEGATIVE_INFINITY);
        assertThat(reading.decode(TypeOid.FLOAT4, float4(0.1f))).isEqualTo(new FloatValue(0.1));
        assertThat(reading.decode(TypeOid.FLOAT4, float4(-0f))).isEqualTo(new FloatValue(-0.0));
    }

    private void assertNumeric(String text, int weight, int sign, int scale, int... digits) {
        byte[] bytes = numeric(weight, sign, scale, digits);
        reading.assertReadWhole(TypeOid.NUMERIC, bytes, text);
        assertThat(reading.decode(TypeOid.NUMERIC, bytes)).isEqualTo(new DecimalValue(new BigDecimal(text)));
    }

    private void assertFloat8(String text, double value) {
        reading.assertReadWhole(
                TypeOid.FLOAT8,
                new Bytes().int64(Double.doubleToLongBits(value)).toByteArray(),
                text);
    }

    private void assertFloat4(String text, float value) {
        reading.assertReadWhole(TypeOid.FLOAT4, float4(value), text);
    }

    private static byte[] float4(float value) {
        return new Bytes().int32(Float.floatToIntBits(value)).toByteArray();
    }

    private static byte[] numeric(int weight, int sign, int scale, int... digits) {
        Bytes bytes = new Bytes().int16(digits.length).int16(weight).int16(sign).int16(scale);
        for (int digit : digits) {
            bytes.int16(digit);
        }
        return bytes.toByteArray();
    }

    /** As the server cuts a number into digits: without zeros at either end. */
    private static byte[] numeric(BigDecimal value) {
        int places = (value.scale() + 3) / 4;
        BigInteger rest = value.unscaledValue().abs().multiply(BigInteger.TEN.pow(4 * places - value.scale()));
        BigInteger base = BigInteger.valueOf(10_000);
        List<Integer> digits = new ArrayList<>();
        int weight = -places - 1;
        for (; rest.signum() > 0; rest = rest.divide(base)) {
            weight++;
            int digit = rest.mod(base).intValue();
            if (digit > 0 || !digits.isEmpty()) {
                digits.add(0, digit);
            }
        }
        return numeric(
                digits.isEmpty() ? 0 : weight,
                value.signum() < 0 ? NEGATIVE : POSITIVE,
                value.scale(),
                digits.stream().mapToInt(Integer::intValue).toArray());
    }
}
