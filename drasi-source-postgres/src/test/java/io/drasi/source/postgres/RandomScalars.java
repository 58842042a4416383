// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BoolValue;
import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.DecimalValue;
import io.drasi.model.ElementValue.FloatValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.LocalDateTimeValue;
import io.drasi.model.ElementValue.LocalDateValue;
import io.drasi.model.ElementValue.LocalTimeValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.model.ElementValue.ZonedDateTimeValue;
import io.drasi.source.postgres.RandomType.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The types without parts that a version of PostgreSQL has, each with what makes random values of it. */
final class RandomScalars {
    private static final int FIRST_WITH_INFINITE_INTERVALS = 17;
    private static final int FIRST_WITH_MULTIRANGES = 14;
    private static final int FIRST_WITH_INFINITE_NUMERIC = 14;
    private static final int FIRST_WITH_XID8 = 13;
    private static final int FIRST_WITH_JSONPATH = 12;

    private final int version;
    private final List<Scalar> types = new ArrayList<>();

    private RandomScalars(int version) {
        this.version = version;
    }

    static List<Scalar> of(int version) {
        RandomScalars scalars = new RandomScalars(version);
        scalars.addNumbers();
        scalars.addTexts();
        scalars.addTimes();
        scalars.addGeometry();
        scalars.addRanges();
        scalars.addDocuments();
        scalars.addNetwork();
        scalars.addSystem();
        return scalars.types;
    }

    /** @param literals with edges of the type among them */
    private void add(String name, Class<? extends ElementValue> delivered, Function<Random, String> literals) {
        types.add(new Scalar(name, delivered, random -> OddText.quoted(literals.apply(random)) + "::" + name));
    }

    private void addText(String name, Function<Random, String> literals) {
        add(name, StringValue.class, literals);
    }

    private void addNumbers() {
        add("boolean", BoolValue.class, random -> random.nextBoolean() ? "t" : "f");
        add("int2", IntegerValue.class, random -> or(random, "" + (short) random.nextInt(), "-32768", "32767"));
        add("int4", IntegerValue.class, random -> or(random, "" + random.nextInt(), "-2147483648", "0"));
        add("int8", IntegerValue.class, random -> or(random, "" + random.nextLong(), "-9223372036854775808"));
        add("oid", IntegerValue.class, random -> or(random, "" + random.nextInt(1 << 30), "0", "4294967295"));
        add("float4", FloatValue.class, RandomScalars::single);
        add("float8", FloatValue.class, RandomScalars::real);
        add("numeric", DecimalValue.class, this::numeric);
        add("numeric(12,4)", DecimalValue.class, random -> random.nextInt(1 << 24) + "." + random.nextInt(10_000));
        addText("money", random -> or(random, random.nextInt() + ".07", "-92233720368547758.08", "0"));
        addText("bit(8)", random -> bits(random, 8));
        addText("bit varying", random -> bits(random, random.nextInt(20)));
    }

    private void addTexts() {
        types.add(
                new Scalar("text", StringValue.class, random -> OddText.quoted(OddText.maybeLarge(random)) + "::text"));
        addText("varchar(60)", OddText::of);
        addText("char(5)", random -> or(random, "", " ", "a", "ab  ", "\u00fcb\\\"d"));
        addText("name", random -> or(random, "pg_class", "", "a \"b\""));
        addText("\"char\"", random -> or(random, "", "r", "\\", "\"", " "));
        addText("uuid", random -> OddText.hexadecimal(random, 16));
        add(
                "bytea",
                BytesValue.class,
                random -> "\\x" + OddText.hexadecimal(random, random.nextInt(8) == 0 ? 3000 : random.nextInt(6)));
    }

    private void addTimes() {
        add(
                "date",
                LocalDateValue.class,
                random -> or(
                        random,
                        "J" + random.nextInt(6_000_000),
                        "infinity",
                        "-infinity",
                        "4714-11-24 BC",
                        "0001-02-29 BC",
                        "5874897-12-31"));
        add("time", LocalTimeValue.class, RandomScalars::time);
        addText("timetz", random -> time(random) + zone(random));
        add("timestamp", LocalDateTimeValue.class, random -> moment(random, ""));
        add("timestamptz", ZonedDateTimeValue.class, random -> moment(random, zone(random)));
        addText("interval", this::interval);
    }

    private void addGeometry() {
        addText("point", RandomScalars::point);
        addText("lseg", random -> "[" + points(random, 2) + "]");
        addText("box", random -> points(random, 2));
        addText("path", random -> random.nextBoolean() ? "[" + points(random, 3) + "]" : "(" + points(random, 2) + ")");
        addText("polygon", random -> "(" + points(random, 1 + random.nextInt(4)) + ")");
        addText("line", random -> "{1," + coordinate(random) + "," + coordinate(random) + "}");
        addText("circle", random -> "<" + point(random) + "," + random.nextInt(100) / 10.0 + ">");
    }

    private void addRanges() {
        addRange("int4range", "int4multirange", random -> range(random, String::valueOf));
        addRange("int8range", "int8multirange", random -> range(random, n -> n + "0000000000"));
        addRange("numrange", "nummultirange", random -> range(random, n -> n + ".10"));
        addRange("daterange", "datemultirange", random -> range(random, n -> "J" + (2_000_000 + n)));
        addRange("tsrange", "tsmultirange", random -> range(random, n -> "\"" + (2000 + n) + "-02-28 01:02:03.5\""));
        addRange("tstzrange", "tstzmultirange", random -> range(random, n -> (2000 + n) + "-02-28 01:02:03+05:30"));
    }

    private void addRange(String range, String multirange, Function<Random, String> literals) {
        addText(range, literals);
        if (version >= FIRST_WITH_MULTIRANGES) {
            addText(
                    multirange,
                    random -> or(random, "{" + literals.apply(random) + "," + literals.apply(random) + "}", "{}"));
        }
    }

    private void addDocuments() {
        Function<Random, String> json = random -> "json_build_object(" + OddText.quoted(OddText.of(random)) + "::text, "
                + OddText.quoted(OddText.maybeLarge(random)) + "::text, 'n', 1.50)";
        types.add(new Scalar("json", StringValue.class, json));
        types.add(new Scalar("jsonb", StringValue.class, random -> "(" + json.apply(random) + ")::jsonb"));
        if (version >= FIRST_WITH_JSONPATH) {
            addText("jsonpath", random -> or(random, "$.a[*] ? (@ > 1.50)", "strict $.\"a \\\"b\"", "$"));
        }
        addText("tsvector", random -> or(random, "'fat cat':2A,3 'it''s':1", "", "a b c"));
        addText("tsquery", random -> or(random, "'fat cat' & !rat:AB", "", "a <-> b | c"));
        types.add(new Scalar("citext", StringValue.class, random -> OddText.quoted(OddText.of(random)) + "::citext"));
        addText("ltree", random -> or(random, "a.b.C_1", "", "x"));
        addText("cube", random -> points(random, 2));
    }

    private void addNetwork() {
        addText("inet", random -> or(random, "10.0.0." + random.nextInt(256) + "/24", "::1", "fe80::1:2/64"));
        addText("cidr", random -> or(random, "10.0." + random.nextInt(256) + ".0/24", "::/0", "0.0.0.0/0"));
        addText("macaddr", random -> OddText.hexadecimal(random, 6));
        addText("macaddr8", random -> OddText.hexadecimal(random, 8));
    }

    private void addSystem() {
        addText(
                "pg_lsn",
                random -> Integer.toHexString(random.nextInt()) + "/" + Integer.toHexString(random.nextInt()));
        addText("xid", random -> or(random, "" + random.nextInt(1 << 30), "4294967295"));
        addText("cid", random -> "" + random.nextInt(1 << 30));
        addText("tid", random -> "(" + random.nextInt(1 << 30) + "," + random.nextInt(1 << 16) + ")");
        addText("txid_snapshot", random -> or(random, "10:20:10,14,15", "1:1:"));
        addText("regclass", random -> or(random, "pg_class", "pg_type"));
        addText("regtype", random -> or(random, "integer", "timestamp with time zone", "bytea[]"));
        if (version >= FIRST_WITH_XID8) {
            addText("xid8", random -> or(random, "" + random.nextLong(Long.MAX_VALUE), "18446744073709551615"));
            addText("pg_snapshot", random -> or(random, "10:20:10,14,15", "1:1:"));
        }
    }

    /** In two of three cases the first. */
    private static String or(Random random, String usual, String... edges) {
        return random.nextInt(3) > 0 ? usual : edges[random.nextInt(edges.length)];
    }

    private static String single(Random random) {
        float any = Float.intBitsToFloat(random.nextInt());
        return or(random, Float.toString(any), "-0", "0.1", "1e15", "1e-45", "3.4028235e38", "Infinity", "-Infinity");
    }

    private static String real(Random random) {
        double any = Double.longBitsToDouble(random.nextLong());
        return or(random, Double.toString(any), "-0", "0.1", "1e15", "5e-324", "Infinity", "-Infinity", "NaN");
    }

    private String numeric(Random random) {
        String any = (random.nextBoolean() ? "-" : "")
                + digits(random, 1 + random.nextInt(40))
                + (random.nextBoolean() ? "." + digits(random, 1 + random.nextInt(40)) : "");
        String largest = version >= FIRST_WITH_INFINITE_NUMERIC ? "-Infinity" : "-1e300";
        return or(random, any, "0", "0.000", "-0.0", "10000", "1e500", "1e-500", "NaN", largest);
    }

    private static String digits(Random random, int count) {
        return random.ints(count, 0, 10).mapToObj(String::valueOf).collect(Collectors.joining());
    }

    private static String bits(Random random, int count) {
        return random.ints(count, 0, 2).mapToObj(String::valueOf).collect(Collectors.joining());
    }

    private static String time(Random random) {
        int micros = random.nextBoolean() ? 0 : random.nextInt(1_000_000);
        String any = String.format(
                Locale.ROOT, "%02d:%02d:%02d.%06d", random.nextInt(24), random.nextInt(60), random.nextInt(60), micros);
        return or(random, any, "00:00:00", "23:59:59.999999", "24:00:00");
    }

    private static String zone(Random random) {
        return or(random, "+00", "+05:30", "-15:59:59", "+15:59", "-03:30");
    }

    private static String moment(Random random, String zone) {
        int year = 1 + random.nextInt(random.nextBoolean() ? 2100 : 200_000);
        boolean beforeChrist = year < 4000 && random.nextInt(4) == 0;
        String any =
                String.format(Locale.ROOT, "%04d-%02d-%02d ", year, 1 + random.nextInt(12), 1 + random.nextInt(28));
        String moment = any + time(random) + zone + (beforeChrist ? " BC" : "");
        return or(
                random,
                moment,
                "infinity",
                "-infinity",
                "4714-11-24 00:00:00+00 BC",
                "294276-12-31 23:59:59.999999+00",
                "2024-02-29 24:00:00" + zone);
    }

    private String interval(Random random) {
        String any = random.nextInt(-100, 100) + " years " + random.nextInt(-20, 20) + " mons "
                + random.nextInt(-40, 40) + " days " + (random.nextBoolean() ? "-" : "") + random.nextInt(100)
                + ":00:0" + random.nextInt(10) + "." + random.nextInt(1000);
        String largest = version >= FIRST_WITH_INFINITE_INTERVALS ? "infinity" : "178000000 years";
        return or(random, any, "0", "-00:00:00.000001", "1 mon -1 days", "-178000000 years", largest);
    }

    private static String coordinate(Random random) {
        double any = Double.longBitsToDouble(random.nextLong());
        return or(random, "" + (Double.isFinite(any) ? any : 0.5), "0.1", "-0", "1e15", "3", "1e-5");
    }

    private static String point(Random random) {
        return "(" + coordinate(random) + "," + coordinate(random) + ")";
    }

    private static String points(Random random, int count) {
        return IntStream.range(0, count).mapToObj(i -> point(random)).collect(Collectors.joining(","));
    }

    private static String range(Random random, Function<Integer, String> bound) {
        int lower = random.nextInt(100);
        String any = (random.nextBoolean() ? "[" : "(") + bound.apply(lower) + ","
                + bound.apply(lower + 1 + random.nextInt(50)) + (random.nextBoolean() ? "]" : ")");
        return or(random, any, "empty", "(,)", "[" + bound.apply(lower) + ",)");
    }
}
