// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.TypeOid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which {@link BinaryCodec} reads which type. Used by one thread, as the types that it asks are. */
public final class BinaryTypes {
    private static final String COMMA_ARRAY = "array";
    private static final int FIRST_WITH_INFINITE_INTERVALS = 170_000;
    private static final Map<Long, BinaryCodec> BUILT_IN = builtIn(true);
    private static final Map<Long, BinaryCodec> WITHOUT_INFINITE_INTERVALS = builtIn(false);

    private final DatabaseTypes types;

    public BinaryTypes(DatabaseTypes types) {
        this.types = types;
    }

    /**
     * The codec of a type; {@code null} for one whose binary form says less than its text, has none, or is not known.
     *
     * @param oid the OID of {@code pg_type}, unsigned
     */
    public @Nullable BinaryCodec codec(long oid) {
        if (oid < DatabaseTypes.FIRST_OID) {
            return (types.serverVersion() < FIRST_WITH_INFINITE_INTERVALS ? WITHOUT_INFINITE_INTERVALS : BUILT_IN)
                    .get(oid);
        }
        Optional<PgType> known = types.type(oid);
        if (known.isEmpty()) {
            return null;
        }
        PgType type = known.get();
        if (type instanceof PgType.Domain domain) {
            return codec(domain.baseOid());
        } else if (type instanceof PgType.Enumerated label) {
            return new EnumBinaryCodec(label.name(), types.labels(oid));
        } else if (type instanceof PgType.Array array) {
            BinaryCodec element = codec(array.elementOid());
            return element == null
                    ? null
                    : new ArrayBinaryCodec(array.name(), array.elementOid(), element, array.delimiter());
        } else if (type instanceof PgType.Composite composite) {
            return composite(composite);
        } else if (type instanceof PgType.Range range) {
            BinaryCodec subtype = codec(range.subtypeOid());
            return subtype == null ? null : new RangeBinaryCodec(range.name(), subtype);
        } else if (type instanceof PgType.Multirange multirange) {
            BinaryCodec range = codec(multirange.rangeOid());
            return range == null ? null : new MultirangeBinaryCodec(multirange.name(), range);
        }
        return ofExtension((PgType.Base) type);
    }

    private @Nullable BinaryCodec composite(PgType.Composite composite) {
        List<BinaryCodec> codecs = new ArrayList<>();
        for (PgType.Attribute attribute : composite.attributes()) {
            BinaryCodec codec = codec(attribute.typeOid());
            if (codec == null) {
                return null;
            }
            codecs.add(codec);
        }
        return new CompositeBinaryCodec(composite.name(), composite.attributes(), codecs);
    }

    private static @Nullable BinaryCodec ofExtension(PgType.Base type) {
        return switch (type.extension() + "." + type.name()) {
            case "citext.citext" -> StringBinaryCodec.plain(type.name());
            case "cube.cube" -> GeometricBinaryCodecs.cube();
            case "hstore.hstore" -> new HstoreBinaryCodec();
            case "ltree.ltree", "ltree.lquery", "ltree.ltxtquery" -> StringBinaryCodec.versioned(type.name());
            default -> null;
        };
    }

    private static Map<Long, BinaryCodec> builtIn(boolean infiniteIntervals) {
        Map<Long, BinaryCodec> codecs = new HashMap<>();
        put(codecs, TypeOid.BOOL, TypeOid.BOOL_ARRAY, new BooleanBinaryCodec());
        put(codecs, TypeOid.INT2, TypeOid.INT2_ARRAY, IntegerBinaryCodec.int2());
        put(codecs, TypeOid.INT4, TypeOid.INT4_ARRAY, IntegerBinaryCodec.int4());
        put(codecs, TypeOid.INT8, TypeOid.INT8_ARRAY, IntegerBinaryCodec.int8());
        put(codecs, TypeOid.OID, TypeOid.OID_ARRAY, IntegerBinaryCodec.unsigned32("oid"));
        put(codecs, TypeOid.FLOAT4, TypeOid.FLOAT4_ARRAY, FloatBinaryCodec.float4());
        put(codecs, TypeOid.FLOAT8, TypeOid.FLOAT8_ARRAY, FloatBinaryCodec.float8());
        put(codecs, TypeOid.NUMERIC, TypeOid.NUMERIC_ARRAY, new NumericBinaryCodec());
        put(codecs, TypeOid.BYTEA, TypeOid.BYTEA_ARRAY, new ByteaBinaryCodec());
        put(codecs, TypeOid.QCHAR, TypeOid.QCHAR_ARRAY, new CharBinaryCodec());
        put(codecs, TypeOid.UUID, TypeOid.UUID_ARRAY, new UuidBinaryCodec());
        put(codecs, TypeOid.BIT, TypeOid.BIT_ARRAY, new BitBinaryCodec());
        put(codecs, TypeOid.VARBIT, TypeOid.VARBIT_ARRAY, new BitBinaryCodec());
        putStrings(codecs);
        putDatesAndTimes(codecs, infiniteIntervals);
        putAddressesAndShapes(codecs);
        putSystemTypes(codecs);
        putRanges(codecs);
        return codecs;
    }

    private static void putStrings(Map<Long, BinaryCodec> codecs) {
        put(codecs, TypeOid.TEXT, TypeOid.TEXT_ARRAY, StringBinaryCodec.plain("text"));
        put(codecs, TypeOid.VARCHAR, TypeOid.VARCHAR_ARRAY, StringBinaryCodec.plain("varchar"));
        put(codecs, TypeOid.BPCHAR, TypeOid.BPCHAR_ARRAY, StringBinaryCodec.plain("bpchar"));
        put(codecs, TypeOid.NAME, TypeOid.NAME_ARRAY, StringBinaryCodec.plain("name"));
        put(codecs, TypeOid.JSON, TypeOid.JSON_ARRAY, StringBinaryCodec.plain("json"));
        put(codecs, TypeOid.JSONB, TypeOid.JSONB_ARRAY, StringBinaryCodec.versioned("jsonb"));
        put(codecs, TypeOid.JSONPATH, TypeOid.JSONPATH_ARRAY, StringBinaryCodec.versioned("jsonpath"));
        put(codecs, TypeOid.XML, TypeOid.XML_ARRAY, StringBinaryCodec.plain("xml"));
        put(codecs, TypeOid.REFCURSOR, TypeOid.REFCURSOR_ARRAY, StringBinaryCodec.plain("refcursor"));
        put(codecs, TypeOid.TSVECTOR, TypeOid.TSVECTOR_ARRAY, TextSearchBinaryCodecs.tsvector());
        put(codecs, TypeOid.TSQUERY, TypeOid.TSQUERY_ARRAY, TextSearchBinaryCodecs.tsquery());
    }

    private static void putDatesAndTimes(Map<Long, BinaryCodec> codecs, boolean infiniteIntervals) {
        put(codecs, TypeOid.DATE, TypeOid.DATE_ARRAY, new DateBinaryCodec());
        put(codecs, TypeOid.TIME, TypeOid.TIME_ARRAY, new TimeBinaryCodec());
        put(codecs, TypeOid.TIMETZ, TypeOid.TIMETZ_ARRAY, new TimetzBinaryCodec());
        put(codecs, TypeOid.TIMESTAMP, TypeOid.TIMESTAMP_ARRAY, TimestampBinaryCodec.timestamp());
        put(codecs, TypeOid.TIMESTAMPTZ, TypeOid.TIMESTAMPTZ_ARRAY, TimestampBinaryCodec.timestamptz());
        put(codecs, TypeOid.INTERVAL, TypeOid.INTERVAL_ARRAY, new IntervalBinaryCodec(infiniteIntervals));
    }

    private static void putAddressesAndShapes(Map<Long, BinaryCodec> codecs) {
        put(codecs, TypeOid.INET, TypeOid.INET_ARRAY, NetworkBinaryCodecs.inet());
        put(codecs, TypeOid.CIDR, TypeOid.CIDR_ARRAY, NetworkBinaryCodecs.cidr());
        put(codecs, TypeOid.MACADDR, TypeOid.MACADDR_ARRAY, NetworkBinaryCodecs.macaddr("macaddr", 6));
        put(codecs, TypeOid.MACADDR8, TypeOid.MACADDR8_ARRAY, NetworkBinaryCodecs.macaddr("macaddr8", 8));
        put(codecs, TypeOid.POINT, TypeOid.POINT_ARRAY, GeometricBinaryCodecs.point());
        put(codecs, TypeOid.LSEG, TypeOid.LSEG_ARRAY, GeometricBinaryCodecs.lseg());
        put(codecs, TypeOid.PATH, TypeOid.PATH_ARRAY, GeometricBinaryCodecs.path());
        put(codecs, TypeOid.POLYGON, TypeOid.POLYGON_ARRAY, GeometricBinaryCodecs.polygon());
        put(codecs, TypeOid.LINE, TypeOid.LINE_ARRAY, GeometricBinaryCodecs.line());
        put(codecs, TypeOid.CIRCLE, TypeOid.CIRCLE_ARRAY, GeometricBinaryCodecs.circle());
        codecs.put(TypeOid.BOX, GeometricBinaryCodecs.box());
        codecs.put(TypeOid.BOX_ARRAY, new ArrayBinaryCodec(COMMA_ARRAY, TypeOid.BOX, GeometricBinaryCodecs.box(), ';'));
    }

    private static void putSystemTypes(Map<Long, BinaryCodec> codecs) {
        put(codecs, TypeOid.XID, TypeOid.XID_ARRAY, SystemBinaryCodecs.unsigned32("xid"));
        put(codecs, TypeOid.CID, TypeOid.CID_ARRAY, SystemBinaryCodecs.unsigned32("cid"));
        put(codecs, TypeOid.XID8, TypeOid.XID8_ARRAY, SystemBinaryCodecs.xid8());
        put(codecs, TypeOid.TID, TypeOid.TID_ARRAY, SystemBinaryCodecs.tid());
        put(codecs, TypeOid.PG_LSN, TypeOid.PG_LSN_ARRAY, SystemBinaryCodecs.pgLsn());
        put(codecs, TypeOid.PG_SNAPSHOT, TypeOid.PG_SNAPSHOT_ARRAY, SystemBinaryCodecs.snapshot("pg_snapshot"));
        put(codecs, TypeOid.TXID_SNAPSHOT, TypeOid.TXID_SNAPSHOT_ARRAY, SystemBinaryCodecs.snapshot("txid_snapshot"));
        put(
                codecs,
                TypeOid.INT2VECTOR,
                TypeOid.INT2VECTOR_ARRAY,
                ArrayBinaryCodec.vector("int2vector", TypeOid.INT2, IntegerBinaryCodec.int2()));
        put(
                codecs,
                TypeOid.OIDVECTOR,
                TypeOid.OIDVECTOR_ARRAY,
                ArrayBinaryCodec.vector("oidvector", TypeOid.OID, IntegerBinaryCodec.unsigned32("oid")));
    }

    private static void putRanges(Map<Long, BinaryCodec> codecs) {
        putRange(
                codecs,
                "int4",
                TypeOid.INT4,
                TypeOid.INT4RANGE,
                TypeOid.INT4RANGE_ARRAY,
                TypeOid.INT4MULTIRANGE,
                TypeOid.INT4MULTIRANGE_ARRAY);
        putRange(
                codecs,
                "int8",
                TypeOid.INT8,
                TypeOid.INT8RANGE,
                TypeOid.INT8RANGE_ARRAY,
                TypeOid.INT8MULTIRANGE,
                TypeOid.INT8MULTIRANGE_ARRAY);
        putRange(
                codecs,
                "num",
                TypeOid.NUMERIC,
                TypeOid.NUMRANGE,
                TypeOid.NUMRANGE_ARRAY,
                TypeOid.NUMMULTIRANGE,
                TypeOid.NUMMULTIRANGE_ARRAY);
        putRange(
                codecs,
                "date",
                TypeOid.DATE,
                TypeOid.DATERANGE,
                TypeOid.DATERANGE_ARRAY,
                TypeOid.DATEMULTIRANGE,
                TypeOid.DATEMULTIRANGE_ARRAY);
        putRange(
                codecs,
                "ts",
                TypeOid.TIMESTAMP,
                TypeOid.TSRANGE,
                TypeOid.TSRANGE_ARRAY,
                TypeOid.TSMULTIRANGE,
                TypeOid.TSMULTIRANGE_ARRAY);
        putRange(
                codecs,
                "tstz",
                TypeOid.TIMESTAMPTZ,
                TypeOid.TSTZRANGE,
                TypeOid.TSTZRANGE_ARRAY,
                TypeOid.TSTZMULTIRANGE,
                TypeOid.TSTZMULTIRANGE_ARRAY);
    }

    private static void putRange(
            Map<Long, BinaryCodec> codecs,
            String prefix,
            long subtype,
            long range,
            long rangeArray,
            long multirange,
            long multirangeArray) {
        BinaryCodec codec = new RangeBinaryCodec(prefix + "range", Objects.requireNonNull(codecs.get(subtype)));
        put(codecs, range, rangeArray, codec);
        put(codecs, multirange, multirangeArray, new MultirangeBinaryCodec(prefix + "multirange", codec));
    }

    private static void put(Map<Long, BinaryCodec> codecs, long oid, long arrayOid, BinaryCodec codec) {
        codecs.put(oid, codec);
        codecs.put(arrayOid, new ArrayBinaryCodec(COMMA_ARRAY, oid, codec, ','));
    }
}
