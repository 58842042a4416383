// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.PgType.Attribute;
import io.drasi.source.postgres.types.TypeCodec;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.source.postgres.types.binary.BinaryCodec;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Values as a server sends them. */
public enum Sample {
    BOOLEAN(TypeOid.BOOL, "t", Binary.hex("01")),
    INT2(TypeOid.INT2, "-12345", Binary.int2(-12345)),
    INT4(TypeOid.INT4, "1234567890", Binary.int4(1_234_567_890)),
    INT8(TypeOid.INT8, "-1234567890123456789", Binary.int8(-1_234_567_890_123_456_789L)),

    FLOAT4(TypeOid.FLOAT4, "3.1415927", Binary.float4(3.1415927f)),
    FLOAT8_SHORT(TypeOid.FLOAT8, "1234.5", Binary.float8(1234.5)),
    FLOAT8_LONG(TypeOid.FLOAT8, "2.718281828459045e-10", Binary.float8(2.718281828459045e-10)),

    NUMERIC_SHORT(TypeOid.NUMERIC, "12345.67", Binary.numeric(1, 2, 1, 2345, 6700)),
    NUMERIC_LONG(
            TypeOid.NUMERIC,
            "123456789012345678901234567890.1234567890",
            Binary.numeric(7, 10, 12, 3456, 7890, 1234, 5678, 9012, 3456, 7890, 1234, 5678, 9000)),

    TEXT_16(TypeOid.TEXT, "abcdefgh ijklmno"),
    TEXT_16_UMLAUTS(TypeOid.TEXT, "äöüÄÖÜß größer ≥"),
    TEXT_1000(TypeOid.TEXT, "0123456789".repeat(100)),

    BYTEA_16(TypeOid.BYTEA, "\\x000102030405060708090a0b0c0d0e0f", Binary.hex("000102030405060708090a0b0c0d0e0f")),
    BYTEA_1000(TypeOid.BYTEA, "\\x" + "00ff7f80".repeat(250), Binary.hex("00ff7f80".repeat(250))),

    DATE(TypeOid.DATE, "2024-02-29", Binary.int4(8825)),
    TIME(TypeOid.TIME, "12:34:56.789012", Binary.int8(45_296_789_012L)),
    TIMESTAMP(TypeOid.TIMESTAMP, "2024-02-29 12:34:56.789012", Binary.int8(762_525_296_789_012L)),
    TIMESTAMPTZ(TypeOid.TIMESTAMPTZ, "2024-02-29 12:34:56.789012+00", Binary.int8(762_525_296_789_012L)),

    UUID(TypeOid.UUID, "550e8400-e29b-41d4-a716-446655440000", Binary.hex("550e8400-e29b-41d4-a716-446655440000")),

    INT4_ARRAY_10(
            TypeOid.INT4_ARRAY,
            "{1,22,333,4444,55555,666666,7777777,88888888,999999999,NULL}",
            Binary.array(
                    TypeOid.INT4,
                    new int[] {10},
                    Binary.int4(1),
                    Binary.int4(22),
                    Binary.int4(333),
                    Binary.int4(4444),
                    Binary.int4(55_555),
                    Binary.int4(666_666),
                    Binary.int4(7_777_777),
                    Binary.int4(88_888_888),
                    Binary.int4(999_999_999),
                    null)),
    INT4_ARRAY_3X3(
            TypeOid.INT4_ARRAY,
            "{{1,2,3},{4,5,6},{7,8,9}}",
            Binary.array(
                    TypeOid.INT4,
                    new int[] {3, 3},
                    Binary.int4(1),
                    Binary.int4(2),
                    Binary.int4(3),
                    Binary.int4(4),
                    Binary.int4(5),
                    Binary.int4(6),
                    Binary.int4(7),
                    Binary.int4(8),
                    Binary.int4(9))),
    TEXT_ARRAY_PLAIN(
            TypeOid.TEXT_ARRAY,
            "{red,green,blue,yellow}",
            Binary.array(
                    TypeOid.TEXT,
                    new int[] {4},
                    Binary.utf8("red"),
                    Binary.utf8("green"),
                    Binary.utf8("blue"),
                    Binary.utf8("yellow"))),
    TEXT_ARRAY_QUOTED(
            TypeOid.TEXT_ARRAY,
            "{\"light red\",\"say \\\"hi\\\"\",\"back\\\\slash\",\"\"}",
            Binary.array(
                    TypeOid.TEXT,
                    new int[] {4},
                    Binary.utf8("light red"),
                    Binary.utf8("say \"hi\""),
                    Binary.utf8("back\\slash"),
                    Binary.utf8(""))),

    COMPOSITE(
            Database.ADDRESS,
            "(42,\"Unter den Linden\",10117,t)",
            Database.address(42, "Unter den Linden", 10117, true)),
    COMPOSITE_ESCAPED(
            Database.ADDRESS,
            "(42,\"\"\"Unter\"\" den \\\\ Linden\",10117,t)",
            Database.address(42, "\"Unter\" den \\ Linden", 10117, true)),
    COMPOSITE_ARRAY(
            Database.ADDRESSES,
            "{\"(1,\\\"Main Street\\\",1,t)\",\"(2,Broadway,2,f)\"}",
            Binary.array(
                    Database.ADDRESS,
                    new int[] {2},
                    Database.address(1, "Main Street", 1, true),
                    Database.address(2, "Broadway", 2, false))),

    HSTORE(
            Database.HSTORE,
            "\"note\"=>NULL, \"size\"=>\"XL\", \"color\"=>\"red\"",
            Binary.hstore("note", null, "size", "XL", "color", "red")),

    JSON(TypeOid.JSONB, Database.JSON, Binary.jsonb(Database.JSON)),

    POINT(TypeOid.POINT, "(13.3777,52.51629)", Binary.float8(13.3777, 52.51629)),
    /** In binary no version's numbers differ from another's. */
    POINT_OF_VERSION_10(TypeOid.POINT, "(13.3777000000000008,52.5162899999999979)", Binary.float8(13.3777, 52.51629)),
    POLYGON(TypeOid.POLYGON, "((0,0),(1.5,0),(1.5,2.25),(0,2.25))", Binary.polygon(0, 0, 1.5, 0, 1.5, 2.25, 0, 2.25));

    private final long oid;
    private final String text;

    @SuppressWarnings("ImmutableEnumChecker") // codecs only borrow it
    private final byte[] binary;

    /** A value whose binary form is its text. */
    Sample(long oid, String text) {
        this(oid, text, Binary.utf8(text));
    }

    Sample(long oid, String text, byte[] binary) {
        this.oid = oid;
        this.text = text;
        this.binary = binary;
    }

    /** The value as the server sends it in that format. */
    Encoded in(Format format) {
        return switch (format) {
            case TEXT -> {
                TypeCodec codec = Database.TYPES.codec(oid);
                byte[] bytes = Binary.utf8(text);
                yield () -> codec.decodeText(bytes, 0, bytes.length);
            }
            case BINARY -> {
                BinaryCodec codec = Objects.requireNonNull(new BinaryTypes(Database.TYPES).codec(oid));
                yield () -> codec.decode(binary, 0, binary.length);
            }
        };
    }

    /** The types that are not built in. */
    private static final class Database {
        static final long ADDRESS = 20_000;
        static final long ADDRESSES = 20_001;
        static final long HSTORE = 20_002;

        static final String JSON = "{\"id\": 42, \"name\": \"Ada\", \"tags\": [\"a\", \"b\"], \"active\": true}";

        static final DatabaseTypes TYPES = new DatabaseTypes(false);

        static {
            TYPES.learn(Map.of(
                    ADDRESS,
                    new PgType.Composite(
                            "address",
                            List.of(
                                    new Attribute("id", TypeOid.INT8),
                                    new Attribute("street", TypeOid.TEXT),
                                    new Attribute("zip", TypeOid.INT4),
                                    new Attribute("active", TypeOid.BOOL))),
                    ADDRESSES,
                    new PgType.Array("address[]", ADDRESS, ','),
                    HSTORE,
                    new PgType.Base("hstore", "hstore")));
        }

        static byte[] address(long id, String street, int zip, boolean active) {
            return Binary.composite(
                    new long[] {TypeOid.INT8, TypeOid.TEXT, TypeOid.INT4, TypeOid.BOOL},
                    Binary.int8(id),
                    Binary.utf8(street),
                    Binary.int4(zip),
                    Binary.hex(active ? "01" : "00"));
        }
    }
}
