// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

/** {@code timetz}: microseconds of the day, and how many seconds the zone lies west of Greenwich. */
final class TimetzBinaryCodec implements AsText {
    private static final int MAX_OFFSET = 16 * 3600;

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = new BinaryCursor("timetz", array, offset, length);
        long micros = value.readInt64();
        int west = value.readInt32();
        value.expectEnd();
        if (micros < 0 || micros > TimeBinaryCodec.MICROS_PER_DAY || west <= -MAX_OFFSET || west >= MAX_OFFSET) {
            throw value.malformed();
        }
        DateTimeWriter.appendTime(micros, text);
        DateTimeWriter.appendOffset(-west, text);
    }
}
