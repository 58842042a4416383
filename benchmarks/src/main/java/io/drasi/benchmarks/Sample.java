// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.PgType.Attribute;
import io.drasi.source.postgres.types.TypeOid;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Values as a server prints them. */
public enum Sample {
    BOOLEAN(TypeOid.BOOL, "t"),
    INT2(TypeOid.INT2, "-12345"),
    INT4(TypeOid.INT4, "1234567890"),
    INT8(TypeOid.INT8, "-1234567890123456789"),

    FLOAT4(TypeOid.FLOAT4, "3.1415927"),
    FLOAT8_SHORT(TypeOid.FLOAT8, "1234.5"),
    FLOAT8_LONG(TypeOid.FLOAT8, "2.718281828459045e-10"),

    NUMERIC_SHORT(TypeOid.NUMERIC, "12345.67"),
    NUMERIC_LONG(TypeOid.NUMERIC, "123456789012345678901234567890.1234567890"),

    TEXT_16(TypeOid.TEXT, "abcdefgh ijklmno"),
    TEXT_16_UMLAUTS(TypeOid.TEXT, "äöüÄÖÜß größer ≥"),
    TEXT_1000(TypeOid.TEXT, "0123456789".repeat(100)),

    BYTEA_16(TypeOid.BYTEA, "\\x000102030405060708090a0b0c0d0e0f"),
    BYTEA_1000(TypeOid.BYTEA, "\\x" + "00ff7f80".repeat(250)),

    DATE(TypeOid.DATE, "2024-02-29"),
    TIME(TypeOid.TIME, "12:34:56.789012"),
    TIMESTAMP(TypeOid.TIMESTAMP, "2024-02-29 12:34:56.789012"),
    TIMESTAMPTZ(TypeOid.TIMESTAMPTZ, "2024-02-29 12:34:56.789012+00"),

    UUID(TypeOid.UUID, "550e8400-e29b-41d4-a716-446655440000"),

    INT4_ARRAY_10(TypeOid.INT4_ARRAY, "{1,22,333,4444,55555,666666,7777777,88888888,999999999,NULL}"),
    INT4_ARRAY_3X3(TypeOid.INT4_ARRAY, "{{1,2,3},{4,5,6},{7,8,9}}"),
    TEXT_ARRAY_PLAIN(TypeOid.TEXT_ARRAY, "{red,green,blue,yellow}"),
    TEXT_ARRAY_QUOTED(TypeOid.TEXT_ARRAY, "{\"light red\",\"say \\\"hi\\\"\",\"back\\\\slash\",\"\"}"),

    COMPOSITE(Database.ADDRESS, "(42,\"Unter den Linden\",10117,t)"),
    COMPOSITE_ESCAPED(Database.ADDRESS, "(42,\"\"\"Unter\"\" den \\\\ Linden\",10117,t)"),
    COMPOSITE_ARRAY(Database.ADDRESSES, "{\"(1,\\\"Main Street\\\",1,t)\",\"(2,Broadway,2,f)\"}"),

    HSTORE(Database.HSTORE, "\"note\"=>NULL, \"size\"=>\"XL\", \"color\"=>\"red\""),

    JSON(TypeOid.JSONB, "{\"id\": 42, \"name\": \"Ada\", \"tags\": [\"a\", \"b\"], \"active\": true}"),

    POINT(TypeOid.POINT, "(13.3777,52.51629)"),
    POINT_OF_VERSION_10(TypeOid.POINT, "(13.3777000000000008,52.5162899999999979)"),
    POLYGON(TypeOid.POLYGON, "((0,0),(1.5,0),(1.5,2.25),(0,2.25))");

    private final long oid;
    private final String text;

    Sample(long oid, String text) {
        this.oid = oid;
        this.text = text;
    }

    /** The value as the server sends it in that format. */
    Encoded in(Format format) {
        byte[] bytes = switch (format) {
            case TEXT -> text.getBytes(StandardCharsets.UTF_8);
        };
        return new Encoded(format, Database.TYPES.codec(oid), bytes);
    }

    /** The types that are not built in. */
    private static final class Database {
        static final long ADDRESS = 20_000;
        static final long ADDRESSES = 20_001;
        static final long HSTORE = 20_002;

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
    }
}
