// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TextSearchBinaryCodecsTest {
    private static final int NOT = 1;
    private static final int AND = 2;
    private static final int OR = 3;
    private static final int PHRASE = 4;

    private final BinaryReading reading = new BinaryReading();

    @Test
    void writesLexemesWithTheirPositionsAndWeights() {
        assertVector("", 0, vector -> {});
        assertVector("'cat'", 1, vector -> vector.cstring("cat").int16(0));
        assertVector(
                "'cat':3,5C,16383A 'dog':1B",
                2,
                vector -> vector.cstring("cat")
                        .int16(3)
                        .int16(3)
                        .int16(0x4005)
                        .int16(0xFFFF)
                        .cstring("dog")
                        .int16(1)
                        .int16(0x8001));
    }

    @Test
    void doublesQuotesAndBackslashesOfLexemes() {
        assertVector(
                "'a''b' 'c\\\\d' 'größer'",
                3,
                vector -> vector.cstring("a'b")
                        .int16(0)
                        .cstring("c\\d")
                        .int16(0)
                        .cstring("größer")
                        .int16(0));
    }

    @Test
    void refusesWhatIsNoVector() {
        Consumer<Bytes> cat = vector -> vector.cstring("cat").int16(1).int16(3);
        for (int count : new int[] {-1, 0, 2, 3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            reading.assertRefused(TypeOid.TSVECTOR, bytes(count, cat));
        }
        reading.assertRefused(
                TypeOid.TSVECTOR,
                bytes(1, vector -> vector.cstring("cat").int16(0xFFFF).int16(1)));
        reading.assertRefused(TypeOid.TSVECTOR, bytes(1, vector -> vector.text("cat")));
        reading.assertRefused(
                TypeOid.TSVECTOR,
                bytes(1, vector -> vector.bytes(Bytes.of(0xFC, 0)).int16(0)));
    }

    @Test
    void writesTheWordsOfAQuery() {
        assertQuery("", 0, query -> {});
        assertQuery("'cat'", 1, query -> value(query, "cat"));
        assertQuery("'it''s'", 1, query -> value(query, "it's"));
        assertQuery("'cat':*", 1, query -> query.int8(1).int8(0).int8(1).cstring("cat"));
        assertQuery("'cat':A", 1, query -> query.int8(1).int8(8).int8(0).cstring("cat"));
        assertQuery("'cat':D", 1, query -> query.int8(1).int8(1).int8(0).cstring("cat"));
        assertQuery("'cat':*ABCD", 1, query -> query.int8(1).int8(15).int8(1).cstring("cat"));
    }

    @Test
    void writesTheOperatorsOfAQueryBetweenTheirOperands() {
        assertQuery("!'a'", 2, query -> value(operator(query, NOT), "a"));
        assertQuery("'a' & 'b'", 3, query -> values(operator(query, AND), "b", "a"));
        assertQuery("'a' | 'b'", 3, query -> values(operator(query, OR), "b", "a"));
        assertQuery("'a' <-> 'b'", 3, query -> values(phrase(query, 1), "b", "a"));
        assertQuery("'a' <2> 'b'", 3, query -> values(phrase(query, 2), "b", "a"));
        assertQuery("'a' <0> 'b'", 3, query -> values(phrase(query, 0), "b", "a"));
        assertQuery("'a' <16384> 'b'", 3, query -> values(phrase(query, 16_384), "b", "a"));
    }

    @Test
    void putsParenthesesAroundTheLooserOperator() {
        assertQuery("!( 'a' & 'b' )", 4, query -> values(operator(operator(query, NOT), AND), "b", "a"));
        assertQuery("!( 'a' <-> 'b' )", 4, query -> values(phrase(operator(query, NOT), 1), "b", "a"));
        assertQuery("!!'a'", 3, query -> value(operator(operator(query, NOT), NOT), "a"));
        assertQuery("'a' & ( 'b' | 'c' )", 5, query -> values(operator(operator(query, AND), OR), "c", "b", "a"));
        assertQuery("'a' | 'b' & 'c'", 5, query -> values(operator(operator(query, OR), AND), "c", "b", "a"));
        assertQuery("( 'a' | 'b' ) & 'c'", 5, query -> {
            value(operator(query, AND), "c");
            values(operator(query, OR), "b", "a");
        });
        assertQuery("( 'a' & 'b' ) <-> 'c'", 5, query -> {
            value(phrase(query, 1), "c");
            values(operator(query, AND), "b", "a");
        });
        assertQuery("'a' & 'b' & 'c'", 5, query -> values(operator(operator(query, AND), AND), "c", "b", "a"));
        assertQuery("!'a' & 'b'", 4, query -> {
            value(operator(query, AND), "b");
            value(operator(query, NOT), "a");
        });
    }

    @Test
    void putsAPhraseOnTheRightOfAPhraseInParentheses() {
        assertQuery("'a' <-> ( 'b' <2> 'c' )", 5, query -> values(phrase(phrase(query, 1), 2), "c", "b", "a"));
        assertQuery("'a' <2> 'b' <-> 'c'", 5, query -> {
            value(phrase(query, 1), "c");
            values(phrase(query, 2), "b", "a");
        });
        assertQuery("'a' <-> !'b'", 4, query -> values(operator(phrase(query, 1), NOT), "b", "a"));
        assertQuery("'a' & 'b' <-> 'c'", 5, query -> values(phrase(operator(query, AND), 1), "c", "b", "a"));
    }

    @Test
    void readsAQueryAsDeepAsTenThousandWords() {
        int words = 10_000;
        Bytes chain = new Bytes().int32(2 * words - 1);
        for (int i = 1; i < words; i++) {
            value(operator(chain, OR), "w");
        }
        value(chain, "w");
        assertThat(reading.text(TypeOid.TSQUERY, chain.toByteArray())).isEqualTo("'w'" + " | 'w'".repeat(words - 1));
        Bytes negations = new Bytes().int32(words + 1);
        for (int i = 0; i < words; i++) {
            operator(negations, NOT);
        }
        value(negations, "w");
        assertThat(reading.text(TypeOid.TSQUERY, negations.toByteArray())).isEqualTo("!".repeat(words) + "'w'");
    }

    @Test
    void refusesWhatIsNoQuery() {
        for (int count : new int[] {-1, 0, 1, 2, 4, 5, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertNoQuery(count, query -> values(operator(query, AND), "b", "a"));
        }
        assertNoQuery(1, query -> query.int8(0).int8(0).int8(0).cstring("a"));
        assertNoQuery(1, query -> query.int8(3).int8(0).int8(0).cstring("a"));
        assertNoQuery(2, query -> value(operator(query, 0), "a"));
        assertNoQuery(3, query -> values(operator(query, 5), "b", "a"));
        assertNoQuery(1, query -> query.int8(1).int8(16).int8(0).cstring("a"));
        assertNoQuery(1, query -> query.int8(1).int8(0).int8(2).cstring("a"));
        assertNoQuery(1, query -> query.int8(1).int8(0).int8(0).text("a"));
    }

    @Test
    void refusesAQueryWithAnOperandTooFewOrTooMany() {
        assertNoQuery(1, query -> operator(query, NOT));
        assertNoQuery(1, query -> operator(query, AND));
        assertNoQuery(2, query -> value(operator(query, AND), "a"));
        assertNoQuery(2, query -> operator(value(query, "a"), NOT));
        assertNoQuery(2, query -> values(query, "a", "b"));
        assertNoQuery(3, query -> value(operator(value(query, "a"), AND), "b"));
    }

    private void assertVector(String text, int count, Consumer<Bytes> content) {
        reading.assertReadWhole(TypeOid.TSVECTOR, bytes(count, content), text);
    }

    private void assertQuery(String text, int count, Consumer<Bytes> content) {
        reading.assertReadWhole(TypeOid.TSQUERY, bytes(count, content), text);
    }

    private void assertNoQuery(int count, Consumer<Bytes> content) {
        reading.assertRefused(TypeOid.TSQUERY, bytes(count, content));
    }

    private static byte[] bytes(int count, Consumer<Bytes> content) {
        Bytes bytes = new Bytes().int32(count);
        content.accept(bytes);
        return bytes.toByteArray();
    }

    private static Bytes operator(Bytes query, int operator) {
        return query.int8(2).int8(operator);
    }

    private static Bytes phrase(Bytes query, int distance) {
        return operator(query, PHRASE).int16(distance);
    }

    private static Bytes value(Bytes query, String lexeme) {
        return query.int8(1).int8(0).int8(0).cstring(lexeme);
    }

    private static Bytes values(Bytes query, String... lexemes) {
        for (String lexeme : lexemes) {
            value(query, lexeme);
        }
        return query;
    }
}
