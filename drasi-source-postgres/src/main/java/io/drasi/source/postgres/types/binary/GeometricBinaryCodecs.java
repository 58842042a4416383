// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.ShortestDecimal;

/** The geometric types: floats, which their text has in the shortest form. */
final class GeometricBinaryCodecs {
    private static final int POINT_BYTES = 2 * Double.BYTES;

    private GeometricBinaryCodecs() {}

    static AsText point() {
        return fixed("point", "(#,#)");
    }

    static AsText lseg() {
        return fixed("lseg", "[(#,#),(#,#)]");
    }

    static AsText box() {
        return fixed("box", "(#,#),(#,#)");
    }

    static AsText line() {
        return fixed("line", "{#,#,#}");
    }

    static AsText circle() {
        return fixed("circle", "<(#,#),#>");
    }

    static AsText path() {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor("path", array, offset, length);
            int closed = value.readByte();
            if (closed > 1) {
                throw value.malformed();
            }
            text.append(closed == 1 ? '(' : '[');
            appendPoints(value, text);
            text.append(closed == 1 ? ')' : ']');
        };
    }

    static AsText polygon() {
        return (array, offset, length, text) -> {
            text.append('(');
            appendPoints(new BinaryCursor("polygon", array, offset, length), text);
            text.append(')');
        };
    }

    /** A cube has so many lower coordinates and, unless it is a point, as many upper ones. */
    static AsText cube() {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor("cube", array, offset, length);
            int header = value.readInt32();
            boolean point = header < 0;
            int dimensions = header & Integer.MAX_VALUE;
            if ((long) dimensions * (point ? 1 : 2) * Double.BYTES != value.remaining()) {
                throw value.malformed();
            }
            double[] lower = readFloats(value, dimensions);
            double[] upper = point ? lower : readFloats(value, dimensions);
            appendCorner(lower, text);
            if (!samePlace(lower, upper)) {
                text.append(',');
                appendCorner(upper, text);
            }
        };
    }

    /** @param pattern with a {@code #} for each float */
    private static AsText fixed(String typeName, String pattern) {
        return (array, offset, length, text) -> {
            BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
            for (int i = 0; i < pattern.length(); i++) {
                if (pattern.charAt(i) == '#') {
                    ShortestDecimal.FLOAT8.append(value.readFloat8(), text);
                } else {
                    text.append(pattern.charAt(i));
                }
            }
            value.expectEnd();
        };
    }

    private static void appendPoints(BinaryCursor value, StringBuilder text) {
        int count = value.readCount(POINT_BYTES);
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "(" : ",(");
            ShortestDecimal.FLOAT8.append(value.readFloat8(), text);
            text.append(',');
            ShortestDecimal.FLOAT8.append(value.readFloat8(), text);
            text.append(')');
        }
        value.expectEnd();
    }

    private static double[] readFloats(BinaryCursor value, int count) {
        double[] floats = new double[count];
        for (int i = 0; i < count; i++) {
            floats[i] = value.readFloat8();
        }
        return floats;
    }

    /** As C compares floats: NaN is at no place, and the two zeros are one. */
    private static boolean samePlace(double[] one, double[] other) {
        for (int i = 0; i < one.length; i++) {
            if (one[i] != other[i]) {
                return one == other;
            }
        }
        return true;
    }

    private static void appendCorner(double[] corner, StringBuilder text) {
        text.append('(');
        for (int i = 0; i < corner.length; i++) {
            text.append(i == 0 ? "" : ", ");
            ShortestDecimal.FLOAT8.append(corner[i], text);
        }
        text.append(')');
    }
}
