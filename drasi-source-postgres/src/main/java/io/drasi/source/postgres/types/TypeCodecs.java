// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.util.Arrays;

/** Which {@link TypeCodec} reads which type. */
public final class TypeCodecs {
    /** The OIDs of built-in types are below this; above, every database has its own. */
    private static final int FIRST_UNPINNED_OID = 10_000;

    private static final long MAX_OID = 0xFFFF_FFFFL;
    private static final char COMMA = ',';

    /** Arrays whose elements are delivered as text. */
    private static final long[] TEXT_ARRAYS = {
        TypeOid.XML_ARRAY,
        TypeOid.JSON_ARRAY,
        TypeOid.XID8_ARRAY,
        TypeOid.CIDR_ARRAY,
        TypeOid.MACADDR8_ARRAY,
        TypeOid.MONEY_ARRAY,
        TypeOid.NAME_ARRAY,
        TypeOid.INT2VECTOR_ARRAY,
        TypeOid.REGPROC_ARRAY,
        TypeOid.TEXT_ARRAY,
        TypeOid.TID_ARRAY,
        TypeOid.XID_ARRAY,
        TypeOid.CID_ARRAY,
        TypeOid.OIDVECTOR_ARRAY,
        TypeOid.BPCHAR_ARRAY,
        TypeOid.VARCHAR_ARRAY,
        TypeOid.ABSTIME_ARRAY,
        TypeOid.RELTIME_ARRAY,
        TypeOid.TINTERVAL_ARRAY,
        TypeOid.ACLITEM_ARRAY,
        TypeOid.MACADDR_ARRAY,
        TypeOid.INET_ARRAY,
        TypeOid.INTERVAL_ARRAY,
        TypeOid.TIMETZ_ARRAY,
        TypeOid.BIT_ARRAY,
        TypeOid.VARBIT_ARRAY,
        TypeOid.REFCURSOR_ARRAY,
        TypeOid.REGPROCEDURE_ARRAY,
        TypeOid.REGOPER_ARRAY,
        TypeOid.REGOPERATOR_ARRAY,
        TypeOid.REGCLASS_ARRAY,
        TypeOid.REGTYPE_ARRAY,
        TypeOid.TXID_SNAPSHOT_ARRAY,
        TypeOid.UUID_ARRAY,
        TypeOid.PG_LSN_ARRAY,
        TypeOid.TSVECTOR_ARRAY,
        TypeOid.TSQUERY_ARRAY,
        TypeOid.REGCONFIG_ARRAY,
        TypeOid.REGDICTIONARY_ARRAY,
        TypeOid.JSONB_ARRAY,
        TypeOid.INT4RANGE_ARRAY,
        TypeOid.NUMRANGE_ARRAY,
        TypeOid.TSRANGE_ARRAY,
        TypeOid.TSTZRANGE_ARRAY,
        TypeOid.DATERANGE_ARRAY,
        TypeOid.INT8RANGE_ARRAY,
        TypeOid.JSONPATH_ARRAY,
        TypeOid.REGNAMESPACE_ARRAY,
        TypeOid.REGROLE_ARRAY,
        TypeOid.REGCOLLATION_ARRAY,
        TypeOid.PG_SNAPSHOT_ARRAY,
        TypeOid.INT4MULTIRANGE_ARRAY,
        TypeOid.NUMMULTIRANGE_ARRAY,
        TypeOid.TSMULTIRANGE_ARRAY,
        TypeOid.TSTZMULTIRANGE_ARRAY,
        TypeOid.DATEMULTIRANGE_ARRAY,
        TypeOid.INT8MULTIRANGE_ARRAY
    };

    private static final TypeCodec[] BUILT_IN = builtIn();

    private TypeCodecs() {}

    /**
     * The codec of a built-in type or of an array of one. Every other type, and every type without a closer counterpart in
     * the model, is delivered as PostgreSQL's own text.
     *
     * @param oid the OID of {@code pg_type}, unsigned
     */
    public static TypeCodec forType(long oid) {
        return oid >= 0 && oid < FIRST_UNPINNED_OID ? BUILT_IN[(int) oid] : TextCodec.INSTANCE;
    }

    private static TypeCodec[] builtIn() {
        TypeCodec[] codecs = new TypeCodec[FIRST_UNPINNED_OID];
        Arrays.fill(codecs, TextCodec.INSTANCE);
        putScalars(codecs);
        putArrays(codecs);
        for (long oid : TEXT_ARRAYS) {
            put(codecs, oid, new ArrayCodec("array", TextCodec.INSTANCE, COMMA));
        }
        return codecs;
    }

    private static void putScalars(TypeCodec[] codecs) {
        put(codecs, TypeOid.BOOL, new BooleanCodec());
        put(codecs, TypeOid.INT2, new IntegerCodec("int2", Short.MIN_VALUE, Short.MAX_VALUE));
        put(codecs, TypeOid.INT4, new IntegerCodec("int4", Integer.MIN_VALUE, Integer.MAX_VALUE));
        put(codecs, TypeOid.INT8, new IntegerCodec("int8", Long.MIN_VALUE, Long.MAX_VALUE));
        put(codecs, TypeOid.OID, new IntegerCodec("oid", 0, MAX_OID));
        put(codecs, TypeOid.FLOAT4, FloatCodec.float4());
        put(codecs, TypeOid.FLOAT8, FloatCodec.float8());
        put(codecs, TypeOid.NUMERIC, new NumericCodec());
        put(codecs, TypeOid.QCHAR, new CharCodec());
        put(codecs, TypeOid.DATE, new DateCodec());
        put(codecs, TypeOid.TIME, new TimeCodec());
        put(codecs, TypeOid.TIMESTAMP, TimestampCodec.timestamp());
        put(codecs, TypeOid.TIMESTAMPTZ, TimestampCodec.timestamptz());
        put(codecs, TypeOid.BYTEA, new ByteaCodec());
        put(codecs, TypeOid.POINT, FloatListCodec.geometric("point"));
        put(codecs, TypeOid.LSEG, FloatListCodec.geometric("lseg"));
        put(codecs, TypeOid.PATH, FloatListCodec.geometric("path"));
        put(codecs, TypeOid.BOX, FloatListCodec.geometric("box"));
        put(codecs, TypeOid.POLYGON, FloatListCodec.geometric("polygon"));
        put(codecs, TypeOid.LINE, FloatListCodec.geometric("line"));
        put(codecs, TypeOid.CIRCLE, FloatListCodec.geometric("circle"));
    }

    private static void putArrays(TypeCodec[] codecs) {
        put(codecs, TypeOid.BOOL_ARRAY, new ArrayCodec("boolean[]", forScalar(codecs, TypeOid.BOOL), COMMA));
        put(codecs, TypeOid.BYTEA_ARRAY, new ArrayCodec("bytea[]", forScalar(codecs, TypeOid.BYTEA), COMMA));
        put(codecs, TypeOid.QCHAR_ARRAY, new ArrayCodec("\"char\"[]", forScalar(codecs, TypeOid.QCHAR), COMMA));
        put(codecs, TypeOid.INT8_ARRAY, new ArrayCodec("int8[]", forScalar(codecs, TypeOid.INT8), COMMA));
        put(codecs, TypeOid.INT2_ARRAY, new ArrayCodec("int2[]", forScalar(codecs, TypeOid.INT2), COMMA));
        put(codecs, TypeOid.INT4_ARRAY, new ArrayCodec("int4[]", forScalar(codecs, TypeOid.INT4), COMMA));
        put(codecs, TypeOid.OID_ARRAY, new ArrayCodec("oid[]", forScalar(codecs, TypeOid.OID), COMMA));
        put(codecs, TypeOid.POINT_ARRAY, new ArrayCodec("point[]", forScalar(codecs, TypeOid.POINT), COMMA));
        put(codecs, TypeOid.LSEG_ARRAY, new ArrayCodec("lseg[]", forScalar(codecs, TypeOid.LSEG), COMMA));
        put(codecs, TypeOid.PATH_ARRAY, new ArrayCodec("path[]", forScalar(codecs, TypeOid.PATH), COMMA));
        put(codecs, TypeOid.BOX_ARRAY, new ArrayCodec("box[]", forScalar(codecs, TypeOid.BOX), ';'));
        put(codecs, TypeOid.POLYGON_ARRAY, new ArrayCodec("polygon[]", forScalar(codecs, TypeOid.POLYGON), COMMA));
        put(codecs, TypeOid.LINE_ARRAY, new ArrayCodec("line[]", forScalar(codecs, TypeOid.LINE), COMMA));
        put(codecs, TypeOid.FLOAT4_ARRAY, new ArrayCodec("float4[]", forScalar(codecs, TypeOid.FLOAT4), COMMA));
        put(codecs, TypeOid.FLOAT8_ARRAY, new ArrayCodec("float8[]", forScalar(codecs, TypeOid.FLOAT8), COMMA));
        put(codecs, TypeOid.CIRCLE_ARRAY, new ArrayCodec("circle[]", forScalar(codecs, TypeOid.CIRCLE), COMMA));
        put(codecs, TypeOid.DATE_ARRAY, new ArrayCodec("date[]", forScalar(codecs, TypeOid.DATE), COMMA));
        put(codecs, TypeOid.TIME_ARRAY, new ArrayCodec("time[]", forScalar(codecs, TypeOid.TIME), COMMA));
        put(
                codecs,
                TypeOid.TIMESTAMP_ARRAY,
                new ArrayCodec("timestamp[]", forScalar(codecs, TypeOid.TIMESTAMP), COMMA));
        put(
                codecs,
                TypeOid.TIMESTAMPTZ_ARRAY,
                new ArrayCodec("timestamptz[]", forScalar(codecs, TypeOid.TIMESTAMPTZ), COMMA));
        put(codecs, TypeOid.NUMERIC_ARRAY, new ArrayCodec("numeric[]", forScalar(codecs, TypeOid.NUMERIC), COMMA));
    }

    private static void put(TypeCodec[] codecs, long oid, TypeCodec codec) {
        codecs[(int) oid] = codec;
    }

    private static TypeCodec forScalar(TypeCodec[] codecs, long oid) {
        return codecs[(int) oid];
    }
}
