// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GeometricBinaryCodecsTest {
    private static final long CUBE = 20_000;
    private static final int POINT = 0x8000_0000;

    private final BinaryReading reading = new BinaryReading(Map.of(CUBE, new PgType.Base("cube", "cube")));

    @Test
    void writesTheShapesOfAFixedSize() {
        reading.assertReadWhole(TypeOid.POINT, floats(1.5, -0.0), "(1.5,-0)");
        reading.assertReadWhole(TypeOid.POINT, floats(Double.NaN, Double.NEGATIVE_INFINITY), "(NaN,-Infinity)");
        reading.assertReadWhole(TypeOid.LSEG, floats(1, 2, 1e15, 1e-5), "[(1,2),(1e+15,1e-05)]");
        reading.assertReadWhole(TypeOid.BOX, floats(3, 4, 1, 2), "(3,4),(1,2)");
        reading.assertReadWhole(TypeOid.LINE, floats(1, -1, 0), "{1,-1,0}");
        reading.assertReadWhole(TypeOid.CIRCLE, floats(1, 2, 0.1), "<(1,2),0.1>");
    }

    @Test
    void writesPathsOpenOrClosed() {
        reading.assertReadWhole(TypeOid.PATH, path(0, 2, 1, 2, 3, 4), "[(1,2),(3,4)]");
        reading.assertReadWhole(TypeOid.PATH, path(1, 2, 1, 2, 3, 4), "((1,2),(3,4))");
        reading.assertReadWhole(TypeOid.PATH, path(1, 1, 1, 2), "((1,2))");
        reading.assertRefused(TypeOid.PATH, path(2, 1, 1, 2));
    }

    @Test
    void writesPolygons() {
        reading.assertReadWhole(TypeOid.POLYGON, polygon(1, 0, 0.5), "((0,0.5))");
        reading.assertReadWhole(TypeOid.POLYGON, polygon(3, 0, 0, 1, 0, 1, 1), "((0,0),(1,0),(1,1))");
    }

    @Test
    void refusesAnotherCountOfPointsThanThereAre() {
        for (int count : new int[] {-1, 0, 1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x1000_0000}) {
            reading.assertRefused(TypeOid.POLYGON, polygon(count, 1, 2, 3, 4));
            reading.assertRefused(TypeOid.PATH, path(0, count, 1, 2, 3, 4));
        }
    }

    @Test
    void writesACubeByItsCorners() {
        reading.assertReadWhole(CUBE, cube(2, 1, 2, 3, 4.5), "(1, 2),(3, 4.5)");
        reading.assertReadWhole(CUBE, cube(1, 3, 1), "(3),(1)");
        reading.assertReadWhole(CUBE, cube(0), "()");
    }

    @Test
    void writesACubeThatIsAPointAsOneCorner() {
        reading.assertReadWhole(CUBE, cube(POINT | 3, 1, 2, 3), "(1, 2, 3)");
        reading.assertReadWhole(CUBE, cube(POINT | 1, Double.NaN), "(NaN)");
        reading.assertReadWhole(CUBE, cube(POINT), "()");
        reading.assertReadWhole(CUBE, cube(2, 1, 2, 1, 2), "(1, 2)");
        reading.assertReadWhole(CUBE, cube(1, 0.0, -0.0), "(0)");
        reading.assertReadWhole(CUBE, cube(2, 1, 2, 1, 3), "(1, 2),(1, 3)");
        reading.assertReadWhole(CUBE, cube(1, Double.NaN, Double.NaN), "(NaN),(NaN)");
    }

    @Test
    void refusesAnotherCountOfDimensionsThanThereAre() {
        reading.assertRefused(CUBE, cube(1, 1));
        reading.assertRefused(CUBE, cube(1, 1, 2, 3, 4));
        reading.assertRefused(CUBE, cube(POINT | 1, 1, 2));
        reading.assertRefused(CUBE, cube(POINT | 2, 1));
        reading.assertRefused(CUBE, cube(Integer.MAX_VALUE, 1, 2));
        reading.assertRefused(CUBE, cube(-1, 1, 2));
        reading.assertRefused(CUBE, cube(0x1000_0000));
        reading.assertRefused(CUBE, cube(POINT | 0x2000_0000));
    }

    private static byte[] path(int closed, int count, double... coordinates) {
        return Bytes.concat(Bytes.of(closed), polygon(count, coordinates));
    }

    private static byte[] polygon(int count, double... coordinates) {
        return new Bytes().int32(count).bytes(floats(coordinates)).toByteArray();
    }

    private static byte[] cube(int header, double... coordinates) {
        return new Bytes().int32(header).bytes(floats(coordinates)).toByteArray();
    }

    private static byte[] floats(double... values) {
        Bytes bytes = new Bytes();
        for (double value : values) {
            bytes.int64(Double.doubleToLongBits(value));
        }
        return bytes.toByteArray();
    }
}
