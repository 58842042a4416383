// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

/**
 * The OIDs of built-in types, as {@code pg_type} has them: below 10,000 they are the same in every database of every
 * version from 10 to 18. Unsigned 32 bits. An array type is named for its elements.
 */
public final class TypeOid {
    public static final long BOOL = 16;
    public static final long BYTEA = 17;
    /** The one-byte type {@code "char"}; {@code char(n)} is {@link #BPCHAR}. */
    public static final long QCHAR = 18;

    public static final long NAME = 19;
    public static final long INT8 = 20;
    public static final long INT2 = 21;
    public static final long INT4 = 23;
    public static final long TEXT = 25;
    public static final long OID = 26;
    public static final long JSON = 114;
    public static final long XML = 142;
    public static final long POINT = 600;
    public static final long LSEG = 601;
    public static final long PATH = 602;
    public static final long BOX = 603;
    public static final long POLYGON = 604;
    public static final long LINE = 628;
    public static final long CIDR = 650;
    public static final long FLOAT4 = 700;
    public static final long FLOAT8 = 701;
    public static final long CIRCLE = 718;
    public static final long MACADDR8 = 774;
    public static final long MONEY = 790;
    public static final long MACADDR = 829;
    public static final long INET = 869;
    public static final long BPCHAR = 1042;
    public static final long VARCHAR = 1043;
    public static final long DATE = 1082;
    public static final long TIME = 1083;
    public static final long TIMESTAMP = 1114;
    public static final long TIMESTAMPTZ = 1184;
    public static final long INTERVAL = 1186;
    public static final long TIMETZ = 1266;
    public static final long BIT = 1560;
    public static final long VARBIT = 1562;
    public static final long NUMERIC = 1700;
    public static final long UUID = 2950;
    public static final long JSONB = 3802;

    public static final long XML_ARRAY = 143;
    public static final long JSON_ARRAY = 199;
    public static final long XID8_ARRAY = 271;
    public static final long LINE_ARRAY = 629;
    public static final long CIDR_ARRAY = 651;
    public static final long CIRCLE_ARRAY = 719;
    public static final long MACADDR8_ARRAY = 775;
    public static final long MONEY_ARRAY = 791;
    public static final long BOOL_ARRAY = 1000;
    public static final long BYTEA_ARRAY = 1001;
    public static final long QCHAR_ARRAY = 1002;
    public static final long NAME_ARRAY = 1003;
    public static final long INT2_ARRAY = 1005;
    public static final long INT2VECTOR_ARRAY = 1006;
    public static final long INT4_ARRAY = 1007;
    public static final long REGPROC_ARRAY = 1008;
    public static final long TEXT_ARRAY = 1009;
    public static final long TID_ARRAY = 1010;
    public static final long XID_ARRAY = 1011;
    public static final long CID_ARRAY = 1012;
    public static final long OIDVECTOR_ARRAY = 1013;
    public static final long BPCHAR_ARRAY = 1014;
    public static final long VARCHAR_ARRAY = 1015;
    public static final long INT8_ARRAY = 1016;
    public static final long POINT_ARRAY = 1017;
    public static final long LSEG_ARRAY = 1018;
    public static final long PATH_ARRAY = 1019;
    public static final long BOX_ARRAY = 1020;
    public static final long FLOAT4_ARRAY = 1021;
    public static final long FLOAT8_ARRAY = 1022;
    public static final long ABSTIME_ARRAY = 1023;
    public static final long RELTIME_ARRAY = 1024;
    public static final long TINTERVAL_ARRAY = 1025;
    public static final long POLYGON_ARRAY = 1027;
    public static final long OID_ARRAY = 1028;
    public static final long ACLITEM_ARRAY = 1034;
    public static final long MACADDR_ARRAY = 1040;
    public static final long INET_ARRAY = 1041;
    public static final long TIMESTAMP_ARRAY = 1115;
    public static final long DATE_ARRAY = 1182;
    public static final long TIME_ARRAY = 1183;
    public static final long TIMESTAMPTZ_ARRAY = 1185;
    public static final long INTERVAL_ARRAY = 1187;
    public static final long NUMERIC_ARRAY = 1231;
    public static final long TIMETZ_ARRAY = 1270;
    public static final long BIT_ARRAY = 1561;
    public static final long VARBIT_ARRAY = 1563;
    public static final long REFCURSOR_ARRAY = 2201;
    public static final long REGPROCEDURE_ARRAY = 2207;
    public static final long REGOPER_ARRAY = 2208;
    public static final long REGOPERATOR_ARRAY = 2209;
    public static final long REGCLASS_ARRAY = 2210;
    public static final long REGTYPE_ARRAY = 2211;
    public static final long TXID_SNAPSHOT_ARRAY = 2949;
    public static final long UUID_ARRAY = 2951;
    public static final long PG_LSN_ARRAY = 3221;
    public static final long TSVECTOR_ARRAY = 3643;
    public static final long TSQUERY_ARRAY = 3645;
    public static final long REGCONFIG_ARRAY = 3735;
    public static final long REGDICTIONARY_ARRAY = 3770;
    public static final long JSONB_ARRAY = 3807;
    public static final long INT4RANGE_ARRAY = 3905;
    public static final long NUMRANGE_ARRAY = 3907;
    public static final long TSRANGE_ARRAY = 3909;
    public static final long TSTZRANGE_ARRAY = 3911;
    public static final long DATERANGE_ARRAY = 3913;
    public static final long INT8RANGE_ARRAY = 3927;
    public static final long JSONPATH_ARRAY = 4073;
    public static final long REGNAMESPACE_ARRAY = 4090;
    public static final long REGROLE_ARRAY = 4097;
    public static final long REGCOLLATION_ARRAY = 4192;
    public static final long PG_SNAPSHOT_ARRAY = 5039;
    public static final long INT4MULTIRANGE_ARRAY = 6150;
    public static final long NUMMULTIRANGE_ARRAY = 6151;
    public static final long TSMULTIRANGE_ARRAY = 6152;
    public static final long TSTZMULTIRANGE_ARRAY = 6153;
    public static final long DATEMULTIRANGE_ARRAY = 6155;
    public static final long INT8MULTIRANGE_ARRAY = 6157;

    private TypeOid() {}
}
