// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.PgType.Attribute;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.source.postgres.types.ValueFormatException;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BinaryTypesTest {
    private static final long CITEXT = 20_000;
    private static final long LTREE = 20_001;
    private static final long LQUERY = 20_002;
    private static final long LTXTQUERY = 20_003;
    private static final long CUBE = 20_004;
    private static final long HSTORE = 20_005;
    private static final long LABEL = 20_006;
    private static final long DOMAIN = 20_007;
    private static final long DOMAIN_OF_DOMAIN = 20_008;
    private static final long ARRAY = 20_009;
    private static final long COMPOSITE = 20_010;
    private static final long RANGE = 20_011;
    private static final long MULTIRANGE = 20_012;
    private static final long BOXES = 20_013;

    private static final long UNKNOWN = 30_000;

    private static final List<Integer> ODD_NUMBERS = List.of(
            0, 1, 2, 3, 4, 6, 7, 8, -1, -2, 16, 255, 256, 1 << 16, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE);

    private static final Map<Long, PgType> KNOWN = known();

    private final BinaryReading reading = new BinaryReading(KNOWN);

    private static Map<Long, PgType> known() {
        Map<Long, PgType> types = new LinkedHashMap<>();
        types.put(CITEXT, new PgType.Base("citext", "citext"));
        types.put(LTREE, new PgType.Base("ltree", "ltree"));
        types.put(LQUERY, new PgType.Base("lquery", "ltree"));
        types.put(LTXTQUERY, new PgType.Base("ltxtquery", "ltree"));
        types.put(CUBE, new PgType.Base("cube", "cube"));
        types.put(HSTORE, new PgType.Base("hstore", "hstore"));
        types.put(LABEL, new PgType.Enumerated("mood", Set.of("sad")));
        types.put(DOMAIN, new PgType.Domain(TypeOid.INT4));
        types.put(DOMAIN_OF_DOMAIN, new PgType.Domain(DOMAIN));
        types.put(ARRAY, new PgType.Array("mood[]", LABEL, ','));
        types.put(COMPOSITE, new PgType.Composite("pair", List.of(new Attribute("n", DOMAIN))));
        types.put(RANGE, new PgType.Range("textrange", TypeOid.TEXT));
        types.put(MULTIRANGE, new PgType.Multirange("textmultirange", RANGE));
        types.put(BOXES, new PgType.Array("boxes[]", TypeOid.BOX, ';'));
        return types;
    }

    @Test
    void readsTypesOfExtensions() {
        reading.assertRead(CITEXT, text("Größer"), "Größer");
        for (long oid : new long[] {LTREE, LQUERY, LTXTQUERY}) {
            reading.assertRead(oid, Bytes.concat(Bytes.of(1), text("a.b")), "a.b");
            reading.assertRefused(oid, Bytes.concat(Bytes.of(2), text("a.b")));
        }
    }

    @Test
    void readsTypesOfUsers() {
        reading.assertRead(LABEL, text("sad"), "sad");
        reading.assertReadWhole(DOMAIN, Bytes.hex("00000007"), "7");
        reading.assertReadWhole(DOMAIN_OF_DOMAIN, Bytes.hex("00000007"), "7");
        reading.assertReadWhole(
                ARRAY,
                new Bytes()
                        .int32(1)
                        .int32(0)
                        .int32(LABEL)
                        .int32(1)
                        .int32(1)
                        .sizedText("sad")
                        .toByteArray(),
                "{sad}");
        reading.assertReadWhole(
                COMPOSITE, new Bytes().int32(1).int32(DOMAIN).int32(4).int32(7).toByteArray(), "(7)");
        reading.assertReadWhole(
                BOXES,
                new Bytes()
                        .int32(1)
                        .int32(0)
                        .int32(TypeOid.BOX)
                        .int32(2)
                        .int32(1)
                        .int32(32)
                        .repeat(0, 32)
                        .int32(32)
                        .repeat(0, 32)
                        .toByteArray(),
                "{(0,0),(0,0);(0,0),(0,0)}");
    }

    @Test
    void readsALabelThatItHasNotLearnedAndAsksForIt() {
        DatabaseTypes learned = new DatabaseTypes(false);
        learned.learn(KNOWN);
        BinaryCodec codec = Objects.requireNonNull(new BinaryTypes(learned).codec(LABEL));
        assertThat(codec.decode(text("sad"), 0, 3)).isEqualTo(new StringValue("sad"));
        assertThat(learned.outdated()).isFalse();
        assertThat(codec.decode(text("glad"), 0, 4)).isEqualTo(new StringValue("glad"));
        assertThat(learned.outdated()).isTrue();
    }

    @Test
    void hasNoCodecWhereTheBinaryFormSaysLess() {
        BinaryTypes builtIn = new BinaryTypes(new DatabaseTypes(false));
        for (long oid : new long[] {0, 1, TypeOid.MONEY, 24, 2205, 1034, DatabaseTypes.FIRST_OID - 1}) {
            assertThat(builtIn.codec(oid)).as("type %s", oid).isNull();
        }
        assertThat(builtIn.codec(DatabaseTypes.FIRST_OID)).isNull();
        assertThat(builtIn.codec(UNKNOWN)).isNull();
    }

    @Test
    void hasNoCodecForATypeWithAPartThatHasNone() {
        Map<Long, PgType> types = Map.of(
                20_000L, new PgType.Domain(UNKNOWN),
                20_001L, new PgType.Array("a", TypeOid.MONEY, ','),
                20_002L, new PgType.Range("r", TypeOid.MONEY),
                20_003L, new PgType.Multirange("m", 20_002L),
                20_004L,
                        new PgType.Composite(
                                "c", List.of(new Attribute("n", TypeOid.INT4), new Attribute("m", UNKNOWN))),
                20_005L, new PgType.Array("a", 20_004L, ','),
                20_006L, new PgType.Base("hstore", ""),
                20_007L, new PgType.Base("cube", "cubes"),
                20_008L, new PgType.Base("ghstore", "hstore"));
        DatabaseTypes learned = new DatabaseTypes(false);
        learned.learn(types);
        for (long oid : types.keySet()) {
            assertThat(new BinaryTypes(learned).codec(oid)).as("type %s", oid).isNull();
        }
    }

    @Test
    void takesTheFirstOidForNoneThatIsBuiltIn() {
        DatabaseTypes learned = new DatabaseTypes(false);
        learned.learn(Map.of(DatabaseTypes.FIRST_OID, new PgType.Domain(TypeOid.INT4)));
        assertThat(new BinaryTypes(learned).codec(DatabaseTypes.FIRST_OID)).isNotNull();
    }

    @Test
    void readsArraysOfEveryBuiltInType() {
        BinaryTypes builtIn = new BinaryTypes(new DatabaseTypes(false));
        long arrays = 0;
        for (long oid = 1; oid < DatabaseTypes.FIRST_OID; oid++) {
            if (builtIn.codec(oid) instanceof ArrayBinaryCodec) {
                arrays++;
                long array = oid;
                assertThatThrownBy(() -> reading.decode(array, Bytes.hex("00000000 00000000 00002710")))
                        .isInstanceOf(ValueFormatException.class);
                assertThat(elementOids(builtIn, array))
                        .as("elements of type %s", array)
                        .hasSize(1);
            }
        }
        assertThat(arrays).isEqualTo(62);
    }

    private List<Long> elementOids(BinaryTypes builtIn, long array) {
        List<Long> oids = new ArrayList<>();
        for (long oid = 1; oid < DatabaseTypes.FIRST_OID; oid++) {
            if (builtIn.codec(oid) != null && isEmptyArrayOf(array, oid)) {
                oids.add(oid);
            }
        }
        return oids;
    }

    private boolean isEmptyArrayOf(long array, long element) {
        try {
            reading.assertRead(array, new Bytes().int64(0).int32(element).toByteArray(), "{}");
            return true;
        } catch (ValueFormatException e) {
            return false;
        }
    }

    /** Whatever the bytes say of lengths and counts: a value, or a refusal by both methods. */
    @Test
    void refusesBytesThatItDoesNotUnderstand() {
        List<Long> oids = new ArrayList<>(KNOWN.keySet());
        BinaryTypes builtIn = new BinaryTypes(new DatabaseTypes(false));
        for (long oid = 1; oid < DatabaseTypes.FIRST_OID; oid++) {
            if (builtIn.codec(oid) != null) {
                oids.add(oid);
            }
        }
        Property.forAll(20_000, random -> {
            long oid = oids.get(random.nextInt(oids.size()));
            byte[] bytes = oddBytes(random, oids);
            BinaryCodec codec = Objects.requireNonNull(reading.codec(oid));
            boolean read = accepts(() -> codec.decode(bytes, 0, bytes.length));
            assertThat(accepts(() -> codec.appendText(bytes, 0, bytes.length, new StringBuilder())))
                    .as("text of %s as type %s", new Bytes().bytes(bytes), oid)
                    .isEqualTo(read);
        });
    }

    private static boolean accepts(Runnable reader) {
        try {
            reader.run();
            return true;
        } catch (ValueFormatException e) {
            return false;
        }
    }

    private static byte[] oddBytes(Random random, List<Long> oids) {
        Bytes bytes = new Bytes();
        for (int i = random.nextInt(10); i > 0; i--) {
            switch (random.nextInt(5)) {
                case 0 -> bytes.int8(random.nextInt(256));
                case 1 -> bytes.int16(random.nextInt(1 << 16));
                case 2 -> bytes.int32(oids.get(random.nextInt(oids.size())));
                case 3 -> bytes.int64(random.nextLong());
                default -> bytes.int32(ODD_NUMBERS.get(random.nextInt(ODD_NUMBERS.size())));
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] text(String text) {
        return new Bytes().text(text).toByteArray();
    }

    /** PostgreSQL 17 took it for infinity. */
    @Test
    void readsTheLongestIntervalByTheVersionOfTheServer() {
        byte[] longest = new byte[16];
        Arrays.fill(longest, (byte) 0xFF);
        longest[0] = 0x7F;
        longest[8] = 0x7F;
        longest[12] = 0x7F;
        DatabaseTypes types = new DatabaseTypes(false);
        BinaryTypes binaryTypes = new BinaryTypes(types);
        types.serverVersion(160_000);
        assertThat(Objects.requireNonNull(binaryTypes.codec(TypeOid.INTERVAL)).decode(longest, 0, 16))
                .isEqualTo(new StringValue("178956970 years 7 mons 2147483647 days 2562047788:00:54.775807"));
        types.serverVersion(170_000);
        assertThat(Objects.requireNonNull(binaryTypes.codec(TypeOid.INTERVAL)).decode(longest, 0, 16))
                .isEqualTo(new StringValue("infinity"));
    }
}
