// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.BytesValue;
import io.drasi.model.ElementValue.IntegerValue;
import io.drasi.model.ElementValue.ListValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.PgType.Attribute;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DatabaseTypesTest {
    private static final long PAIR = 20_000;
    private static final long MOOD = 30_000;
    private static final long PAIRS = 20_001;
    private static final long OUTER = 20_002;
    private static final long TAGS = 20_003;
    private static final long TAG = 20_004;
    private static final long STORE = 20_005;
    private static final long RANGE = 20_006;
    private static final long NONE = 20_007;
    private static final long REAL_RANGE = 20_008;

    private final DatabaseTypes types = new DatabaseTypes(false);

    private void learn(Attribute... pair) {
        types.learn(Map.of(
                PAIR, new PgType.Composite("pair", List.of(pair)),
                PAIRS, new PgType.Array("pair[]", PAIR, ','),
                OUTER, new PgType.Composite("outer", List.of(new Attribute("p", PAIR), new Attribute("tags", TAGS))),
                TAGS, new PgType.Domain(TAG),
                TAG, new PgType.Domain(TypeOid.TEXT_ARRAY),
                STORE, new PgType.Base("hstore", "hstore"),
                RANGE, new PgType.Range("floatrange", TypeOid.FLOAT8),
                REAL_RANGE, new PgType.Range("realrange", TypeOid.FLOAT4),
                NONE, new PgType.Composite("none", List.of())));
    }

    private void learnPair() {
        learn(new Attribute("n", TypeOid.INT4), new Attribute("s", TypeOid.TEXT));
    }

    private ElementValue decode(long oid, String text) {
        return Decoding.decode(types.codec(oid), text);
    }

    private static ObjectValue object(Object... namesAndValues) {
        Map<String, ElementValue> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], value(namesAndValues[i + 1]));
        }
        return new ObjectValue(ElementProperties.of(map));
    }

    private static ElementValue value(Object value) {
        if (value instanceof Integer number) {
            return new IntegerValue(number);
        }
        return value instanceof String text ? new StringValue(text) : (ElementValue) value;
    }

    @Test
    void readsTheFieldsOfAComposite() {
        learnPair();
        assertThat(decode(PAIR, "(1,abc)")).isEqualTo(object("n", 1, "s", "abc"));
        assertThat(decode(PAIR, "(-7,\"\")")).isEqualTo(object("n", -7, "s", ""));
        assertThat(decode(PAIR, "(,)")).isEqualTo(object("n", ElementValue.NULL, "s", ElementValue.NULL));
        assertThat(decode(PAIR, "(1,\"a \"\"b\"\", (c) \\\\ d\")")).isEqualTo(object("n", 1, "s", "a \"b\", (c) \\ d"));
        assertThat(decode(PAIR, "(1,größer)")).isEqualTo(object("n", 1, "s", "größer"));
        assertThat(decode(PAIR, "(1,NULL)")).isEqualTo(object("n", 1, "s", "NULL"));
    }

    @Test
    void readsACompositeWithoutFields() {
        learnPair();
        assertThat(decode(NONE, "()")).isEqualTo(object());
    }

    @Test
    void nestsCompositesArraysAndDomains() {
        learnPair();
        assertThat(decode(PAIRS, "{\"(1,a)\",NULL,\"(2,\\\"x y\\\")\"}"))
                .isEqualTo(new ListValue(
                        List.of(object("n", 1, "s", "a"), ElementValue.NULL, object("n", 2, "s", "x y"))));
        assertThat(decode(OUTER, "(\"(1,\"\"a b\"\")\",\"{x,NULL,\"\"y z\"\"}\")"))
                .isEqualTo(object(
                        "p",
                        object("n", 1, "s", "a b"),
                        "tags",
                        new ListValue(List.of(value("x"), ElementValue.NULL, value("y z")))));
        assertThat(types.baseType(TAGS)).isEqualTo(TypeOid.TEXT_ARRAY);
        assertThat(types.baseType(PAIR)).isEqualTo(PAIR);
    }

    /** Version 10 prints a float4 with %g: the exponent comes where the digits end. */
    @Test
    void writesTheBoundsOfRangesWithAnExponentWhereTheServerDoes() {
        learnPair();
        assertThat(decode(REAL_RANGE, "[0.100000001,999999]")).isEqualTo(value("[0.1,999999]"));
        assertThat(decode(REAL_RANGE, "[1e+06,16777216)")).isEqualTo(value("[1e+06,1.6777216e+07)"));
        assertThat(decode(RANGE, "[0.10000000000000001,999999999999999]")).isEqualTo(value("[0.1,999999999999999]"));
        assertThat(decode(RANGE, "[1e+15,16777216)")).isEqualTo(value("[1e+15,16777216)"));
    }

    @Test
    void refusesWhatIsNoComposite() {
        learnPair();
        for (String text : List.of("", "(", "1,a", "(1,a", "(1,a)x", "(1,\"a)", "(1,\"a\"b)", "(1,a\\b)", "((1,a)")) {
            assertThatThrownBy(() -> decode(PAIR, text)).as(text).isInstanceOf(ValueFormatException.class);
        }
    }

    @Test
    void givesTheTextOfACompositeWhoseFieldsHaveOtherTypes() {
        learnPair();
        assertThat(decode(PAIR, "(x,a)")).isEqualTo(value("(x,a)"));
        assertThat(types.outdated()).isTrue();
        assertThat(decode(PAIR, "(1,a)")).isEqualTo(object("n", 1, "s", "a"));
    }

    @Test
    void givesTheTextOfACompositeThatWasAlteredUntilItHasLearnedOfThat() {
        learnPair();
        TypeCodec nested = types.codec(OUTER);
        assertThat(decode(PAIR, "(1,a,2)")).isEqualTo(value("(1,a,2)"));
        assertThat(types.outdated()).isTrue();
        learn(new Attribute("n", TypeOid.INT4), new Attribute("s", TypeOid.TEXT), new Attribute("m", TypeOid.INT4));
        assertThat(types.outdated()).isFalse();
        assertThat(decode(PAIR, "(1,a,2)")).isEqualTo(object("n", 1, "s", "a", "m", 2));
        assertThat(Decoding.decode(nested, "(\"(1,a,2)\",)"))
                .as("by a codec that was there before")
                .isEqualTo(object("p", object("n", 1, "s", "a", "m", 2), "tags", ElementValue.NULL));
        assertThat(decode(PAIR, "(1,a)")).as("a row from before").isEqualTo(value("(1,a)"));
    }

    @Test
    void givesTheTextOfACompositeWithAFieldOfAnotherType() {
        learnPair();
        assertThat(decode(PAIR, "(x,a)")).isEqualTo(value("(x,a)"));
        assertThat(types.outdated()).isTrue();
        learn(new Attribute("t", TypeOid.TEXT), new Attribute("s", TypeOid.TEXT));
        assertThat(decode(PAIR, "(x,a)")).isEqualTo(object("t", "x", "s", "a"));
    }

    @Test
    void knowsOfALabelThatCameOrWasRenamed() {
        types.learn(Map.of(MOOD, new PgType.Enumerated("mood", Set.of("happy", "sad"))));
        assertThat(decode(MOOD, "sad")).isEqualTo(value("sad"));
        assertThat(types.outdated()).isFalse();
        assertThat(decode(MOOD, "so so")).isEqualTo(value("so so"));
        assertThat(types.outdated()).isTrue();
        types.learn(Map.of(MOOD, new PgType.Enumerated("mood", Set.of("happy", "sad", "so so"))));
        assertThat(types.outdated()).isFalse();
        assertThat(types.takeRenamedLabels()).isEmpty();
        types.learn(Map.of(MOOD, new PgType.Enumerated("mood", Set.of("happy", "blue", "so so"))));
        assertThat(types.takeRenamedLabels()).isEqualTo(Map.of(MOOD, Set.of("sad")));
        assertThat(types.takeRenamedLabels()).as("told once").isEmpty();
    }

    @Test
    void knowsWhichTypesAreMadeOfAnother() {
        learnPair();
        types.learn(Map.of(
                MOOD,
                new PgType.Enumerated("mood", Set.of("happy")),
                30_001L,
                new PgType.Domain(MOOD),
                30_002L,
                new PgType.Array("d[]", 30_001, ','),
                30_003L,
                new PgType.Composite("c", List.of(new Attribute("a", TypeOid.INT4), new Attribute("b", 30_002))),
                30_004L,
                new PgType.Range("r", 30_001),
                30_005L,
                new PgType.Multirange("m", 30_004)));
        for (long oid = 30_001; oid <= 30_005; oid++) {
            assertThat(types.contains(oid, MOOD)).as("%d", oid).isTrue();
        }
        assertThat(types.contains(MOOD, MOOD)).isTrue();
        assertThat(types.contains(PAIR, MOOD)).isFalse();
        assertThat(types.contains(TypeOid.TEXT, MOOD)).isFalse();
    }

    @Test
    void keepsATypeThatTheCatalogNoLongerHas() {
        learnPair();
        types.learn(Map.of());
        assertThat(decode(PAIR, "(1,a)")).isEqualTo(object("n", 1, "s", "a"));
    }

    @Test
    void readsHstoreByKey() {
        learnPair();
        assertThat(decode(STORE, "")).isEqualTo(object());
        assertThat(decode(STORE, "\"a\"=>\"1\", \"b c\"=>NULL, \"\"=>\"\", \"q\\\"\"=>\"\\\\, =>\", \"n\"=>\"NULL\""))
                .isEqualTo(object("a", "1", "b c", ElementValue.NULL, "", "", "q\"", "\\, =>", "n", "NULL"));
        for (String text :
                List.of("a=>1", "\"a\"", "\"a\"=>", "\"a\"=>NUL", "\"a\"=>\"1\",\"b\"=>\"2\"", "\"a\"=>\"1\", ")) {
            assertThatThrownBy(() -> decode(STORE, text)).as(text).isInstanceOf(ValueFormatException.class);
        }
    }

    @Test
    void levelsTheFloatsOfARange() {
        learnPair();
        assertThat(decode(RANGE, "[0.10000000000000001,1.5)")).isEqualTo(value("[0.1,1.5)"));
        assertThat(decode(RANGE, "(,Infinity]")).isEqualTo(value("(,Infinity]"));
        assertThat(decode(RANGE, "empty")).isEqualTo(value("empty"));
    }

    @Test
    void levelsTheFloatsOfACube() {
        long cube = 20_009;
        types.learn(Map.of(cube, new PgType.Base("cube", "cube")));
        assertThat(decode(cube, "(0.10000000000000001, 2),(1e+15, -0)")).isEqualTo(value("(0.1, 2),(1e+15, -0)"));
    }

    @Test
    void knowsATypeOfAnExtensionOnlyByItsNameAndThatOfTheExtension() {
        types.learn(Map.of(
                20_010L, new PgType.Base("cube", ""),
                20_011L, new PgType.Base("cubes", "cube"),
                20_012L, new PgType.Base("hstore", ""),
                20_013L, new PgType.Base("ghstore", "hstore")));
        for (long oid = 20_010; oid <= 20_013; oid++) {
            assertThat(decode(oid, "0.10000000000000001")).isEqualTo(value("0.10000000000000001"));
        }
    }

    @Test
    void makesCodecsAnewWhenATypeHasChanged() {
        types.learn(Map.of(TAG, new PgType.Domain(TypeOid.TEXT)));
        assertThat(decode(TAG, "1")).isEqualTo(value("1"));
        types.learn(Map.of(TAG, new PgType.Domain(TypeOid.INT4)));
        assertThat(decode(TAG, "1")).isEqualTo(value(1));
    }

    @Test
    void knowsTheTypesThatItHasLearned() {
        assertThat(types.oids()).isEmpty();
        learnPair();
        types.learn(Map.of(DatabaseTypes.FIRST_OID, new PgType.Domain(TypeOid.INT4)));
        assertThat(types.oids())
                .containsExactlyInAnyOrder(
                        DatabaseTypes.FIRST_OID, PAIR, PAIRS, OUTER, TAGS, TAG, STORE, RANGE, NONE, REAL_RANGE);
        assertThat(decode(DatabaseTypes.FIRST_OID, "1")).isEqualTo(value(1));
    }

    @Test
    void givesTheBytesOfAColumnThatIsNotUnicodeIfItMay() {
        byte[] latin1 = {'x', '{', 'g', 'r', (byte) 0xFC, 'n', '}', 'x', 'x'};
        TypeCodec strict = types.columnCodec(TypeOid.TEXT_ARRAY);
        assertThatThrownBy(() -> strict.decodeText(latin1, 1, 6)).isInstanceOf(NotUnicodeException.class);
        TypeCodec lenient = new DatabaseTypes(true).columnCodec(TypeOid.TEXT_ARRAY);
        assertThat(lenient.decodeText(latin1, 1, 6))
                .isEqualTo(BytesValue.copyOf(new byte[] {'{', 'g', 'r', (byte) 0xFC, 'n', '}'}));
        assertThat(Decoding.decode(lenient, "{grün}")).isEqualTo(new ListValue(List.of(value("grün"))));
        assertThatThrownBy(() -> Decoding.decode(lenient, "{grün")).isInstanceOf(ValueFormatException.class);
    }

    @Test
    void readsTypesThatItDoesNotKnowAsText() {
        assertThat(decode(PAIR, "(1,a)")).isEqualTo(value("(1,a)"));
        assertThat(types.outdated()).isFalse();
    }
}
