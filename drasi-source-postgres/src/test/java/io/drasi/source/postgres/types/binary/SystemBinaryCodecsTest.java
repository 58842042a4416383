// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import org.junit.jupiter.api.Test;

class SystemBinaryCodecsTest {
    private final BinaryReading reading = new BinaryReading();

    @Test
    void givesTransactionAndCommandIdsAsUnsignedText() {
        reading.assertReadWhole(TypeOid.XID, Bytes.hex("ffffffff"), "4294967295");
        reading.assertReadWhole(TypeOid.CID, Bytes.hex("00000003"), "3");
        reading.assertReadWhole(TypeOid.XID8, Bytes.hex("ffffffffffffffff"), "18446744073709551615");
        reading.assertReadWhole(TypeOid.XID8, Bytes.hex("0000000100000000"), "4294967296");
        assertThat(reading.decode(TypeOid.CID, Bytes.hex("00000003"))).isEqualTo(new StringValue("3"));
    }

    @Test
    void writesPlacesOfRowsUnsigned() {
        reading.assertReadWhole(TypeOid.TID, Bytes.hex("00000000 0001"), "(0,1)");
        reading.assertReadWhole(TypeOid.TID, Bytes.hex("ffffffff ffff"), "(4294967295,65535)");
    }

    @Test
    void writesPositionsInTheLog() {
        reading.assertReadWhole(TypeOid.PG_LSN, Bytes.hex("00000016 b374d848"), "16/B374D848");
        reading.assertReadWhole(TypeOid.PG_LSN, Bytes.hex("00000000 00000000"), "0/0");
        reading.assertReadWhole(TypeOid.PG_LSN, Bytes.hex("ffffffff ffffffff"), "FFFFFFFF/FFFFFFFF");
    }

    @Test
    void writesSnapshotsWithThoseInProgress() {
        for (long oid : new long[] {TypeOid.PG_SNAPSHOT, TypeOid.TXID_SNAPSHOT}) {
            reading.assertReadWhole(oid, snapshot(0, 10, 20), "10:20:");
            reading.assertReadWhole(oid, snapshot(1, 10, 20, 12), "10:20:12");
            reading.assertReadWhole(oid, snapshot(2, 10, 20, 12, 15), "10:20:12,15");
            reading.assertReadWhole(
                    oid, snapshot(1, -3, -1, -2), "18446744073709551613:18446744073709551615:18446744073709551614");
        }
    }

    @Test
    void refusesAnotherCountOfTransactionsThanThereAre() {
        for (int count : new int[] {-1, 0, 2, 3, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x2000_0000}) {
            reading.assertRefused(TypeOid.PG_SNAPSHOT, snapshot(count, 10, 20, 12));
        }
    }

    private static byte[] snapshot(int count, long... numbers) {
        Bytes bytes = new Bytes().int32(count);
        for (long number : numbers) {
            bytes.int64(number);
        }
        return bytes.toByteArray();
    }
}
