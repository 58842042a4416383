// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.change;

import static io.drasi.source.postgres.change.Tuples.UNCHANGED;
import static io.drasi.source.postgres.change.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ElementValue;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.postgres.protocol.pgoutput.OldTuple;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.schema.CatalogColumn;
import io.drasi.source.postgres.schema.CatalogKeys;
import io.drasi.source.postgres.schema.TableName;
import io.drasi.source.postgres.schema.TableShape;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.PgType;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.testkit.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChangeMapperTest {
    private static final RowPlace PLACE = new RowPlace.InStream(new Position(0x16B3748, 3));
    private static final long TEXT = 25;

    private final ChangeMapper mapper = new ChangeMapper("shop");

    @Test
    void makesAnIdOfTheKey() {
        SourceChange.Insert insert = mapper.insert(keyed("id"), tuple("7", "x", null), 42, PLACE);
        assertThat(insert.element().metadata().reference().elementId()).isEqualTo("t:7");
        assertThat(insert.element().metadata().reference().sourceId()).isEqualTo("shop");
        assertThat(insert.element().metadata().effectiveFrom()).isEqualTo(42);
        assertThat(insert.element().properties().get("c")).contains(ElementValue.NULL);
    }

    @Test
    void keepsCompositeKeysApart() {
        TableShape shape = keyed("id", "b");
        assertThat(id(shape, "a_b", "c")).isEqualTo("t:a\\_b_c");
        assertThat(id(shape, "a", "b_c")).isEqualTo("t:a_b\\_c");
        assertThat(id(shape, "\\N", "x")).isEqualTo("t:\\\\N_x");
        assertThat(id(shape, null, "x")).isEqualTo("t:\\N_x");
    }

    @Test
    void leavesUnderscoresOfASingleKeyAlone() {
        assertThat(id(keyed("id"), "a_b", "x")).isEqualTo("t:a_b");
        assertThat(id(keyed("id"), "a\\b", "x")).isEqualTo("t:a\\\\b");
    }

    @Test
    void leavesOutAValueThatWasNotSent() {
        List<SourceChange> changes = update(keyed("id"), new OldTuple.None(), tuple("7", UNCHANGED, "y"));
        SourceChange.Update update = (SourceChange.Update) changes.get(0);
        assertThat(update.element().properties().get("b")).isEmpty();
        assertThat(update.element().properties().get("c")).contains(new ElementValue.StringValue("y"));
        assertThat(update.before()).isEmpty();
    }

    @Test
    void takesAValueThatWasNotSentFromTheWholeOldRow() {
        List<SourceChange> changes =
                update(full("id"), new OldTuple.Full(tuple("7", "long", "x")), tuple("7", UNCHANGED, "y"));
        SourceChange.Update update = (SourceChange.Update) changes.get(0);
        assertThat(update.element().properties().get("b")).contains(new ElementValue.StringValue("long"));
        assertThat(update.before().orElseThrow().get("c")).contains(new ElementValue.StringValue("x"));
    }

    @Test
    void turnsAChangedKeyIntoADeleteAndAnInsert() {
        List<SourceChange> changes =
                update(keyed("id"), new OldTuple.Key(tuple("5", null, null)), tuple("7", UNCHANGED, "y"));
        assertThat(changes).hasSize(2);
        SourceChange.Delete delete = (SourceChange.Delete) changes.get(0);
        SourceChange.Insert insert = (SourceChange.Insert) changes.get(1);
        assertThat(delete.metadata().reference().elementId()).isEqualTo("t:5");
        assertThat(delete.before().orElseThrow().toMap()).containsOnlyKeys("id");
        assertThat(insert.element().metadata().reference().elementId()).isEqualTo("t:7");
        assertThat(insert.previousId()).isEqualTo(Optional.of("t:5"));
        assertThat(insert.unchanged()).containsExactly("b");
    }

    @Test
    void takesAKeyThatWasNotSentFromTheOldKey() {
        List<SourceChange> changes =
                update(keyed("id"), new OldTuple.Key(tuple("5", null, null)), tuple(UNCHANGED, "x", "y"));
        SourceChange.Update update = (SourceChange.Update) changes.get(0);
        assertThat(update.element().metadata().reference().elementId()).isEqualTo("t:5");
        assertThat(update.element().properties().get("id"))
                .isEqualTo(update.before().orElseThrow().get("id"));
    }

    @Test
    void refusesAKeyThatIsInNeitherRow() {
        assertThatThrownBy(() -> update(keyed("id"), new OldTuple.None(), tuple(UNCHANGED, "x", "y")))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("key column id of table t")
                .hasMessageContaining("0/16B3748:3");
    }

    @Test
    void knowsOnlyTheIdentityOfADeletedRow() {
        SourceChange.Delete delete = mapper.delete(keyed("id"), new OldTuple.Key(tuple("5", null, null)), 42, PLACE);
        assertThat(delete.before().orElseThrow().toMap()).containsOnlyKeys("id");
    }

    @Test
    void findsARowWithoutAKeyByItsContent() {
        TableShape shape = full();
        String inserted = mapper.insert(shape, tuple("1", null, "x"), 1, PLACE)
                .element()
                .metadata()
                .reference()
                .elementId();
        String deleted = mapper.delete(shape, new OldTuple.Full(tuple("1", null, "x")), 2, PLACE)
                .metadata()
                .reference()
                .elementId();
        assertThat(deleted).isEqualTo(inserted);
        assertThat(mapper.insert(shape, tuple("1", "", "x"), 1, PLACE)
                        .element()
                        .metadata()
                        .reference()
                        .elementId())
                .isNotEqualTo(inserted);
        assertThat(update(shape, new OldTuple.Full(tuple("1", "2", "x")), tuple("1", UNCHANGED, "x")))
                .as("always two: such a table is a multiset")
                .hasSize(2);
    }

    @Test
    void tellsRowsWithoutAnythingApartByTheirPlace() {
        TableShape shape = shape(ReplicaIdentity.NOTHING, List.of(), List.of());
        TupleData row = tuple("1", "2", "3");
        String here = mapper.insert(shape, row, 1, PLACE)
                .element()
                .metadata()
                .reference()
                .elementId();
        String again = mapper.insert(shape, row, 9, PLACE)
                .element()
                .metadata()
                .reference()
                .elementId();
        String there = mapper.insert(shape, row, 1, new RowPlace.InStream(new Position(0x16B3748, 4)))
                .element()
                .metadata()
                .reference()
                .elementId();
        assertThat(again).isEqualTo(here);
        assertThat(there).isNotEqualTo(here);
        assertThatThrownBy(() -> mapper.delete(shape, new OldTuple.Key(row), 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("REPLICA IDENTITY FULL");
    }

    @Test
    void refusesToGuessAConfiguredKeyOutsideTheReplicaIdentity() {
        CatalogKeys keys = new CatalogKeys(List.of("id"), List.of());
        TableShape shape = keyedByEmail(ReplicaIdentity.DEFAULT, keys);
        assertThatThrownBy(() -> mapper.delete(shape, new OldTuple.Key(tuple("1", null)), 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("configured key")
                .hasMessageContaining("REPLICA IDENTITY FULL");
        assertThatThrownBy(() -> update(shape, new OldTuple.None(), tuple("1", "z")))
                .isInstanceOf(DecodingException.class);
        assertThat(mapper.delete(keyedByEmail(ReplicaIdentity.FULL, keys), new OldTuple.Full(tuple("1", "a")), 1, PLACE)
                        .metadata()
                        .reference()
                        .elementId())
                .isEqualTo("t:a");
    }

    /** The row of a partition with another replica identity than its root, which the server sends as a whole one. */
    @Test
    void takesFromAWholeOldRowOnlyWhatThePartitionsTell() {
        CatalogKeys keys = new CatalogKeys(List.of("id"), List.of(), true, Optional.of(Set.of("id")));
        TableShape shape = new TableShape(
                new TableName("public", "t"),
                List.of(new CatalogColumn("id", TEXT, TEXT, -1), new CatalogColumn("email", TEXT, TEXT, -1)),
                ReplicaIdentity.FULL,
                List.of("id", "email"),
                keys,
                List.of(),
                new DatabaseTypes(false));
        SourceChange.Update update =
                (SourceChange.Update) update(shape, new OldTuple.Full(tuple("1", null)), tuple("1", UNCHANGED))
                        .get(0);
        assertThat(update.before().orElseThrow().toMap()).containsOnlyKeys("id");
        assertThat(update.element().properties().toMap()).containsOnlyKeys("id");
        TableShape byEmail = keyedByEmail(ReplicaIdentity.FULL, keys);
        assertThatThrownBy(() -> mapper.delete(byEmail, new OldTuple.Full(tuple("1", null)), 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("configured key");
    }

    private static TableShape keyedByEmail(ReplicaIdentity identity, CatalogKeys keys) {
        return new TableShape(
                new TableName("public", "t"),
                List.of(new CatalogColumn("id", TEXT, TEXT, -1), new CatalogColumn("email", TEXT, TEXT, -1)),
                identity,
                identity == ReplicaIdentity.FULL ? List.of("id", "email") : List.of("id"),
                keys,
                List.of("email"),
                new DatabaseTypes(false));
    }

    @Test
    void refusesARowThatDoesNotFitItsTable() {
        assertThatThrownBy(() -> mapper.insert(keyed("id"), tuple("1"), 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("table t")
                .hasMessageContaining("1 columns");
    }

    @Test
    void namesTheColumnOfAValueThatIsNotOfItsType() {
        TableShape shape = new TableShape(
                new TableName("public", "t"),
                List.of(new CatalogColumn("n", 23, 23, -1)),
                ReplicaIdentity.NOTHING,
                List.of(),
                CatalogKeys.NONE,
                List.of(),
                new DatabaseTypes(false));
        assertThatThrownBy(() -> mapper.insert(shape, tuple("abc"), 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("column n of table t");
    }

    @Test
    void readsValuesAndKeysInBinaryFormatAsThoseInText() {
        TableShape shape = numbered(List.of("id"));
        SourceChange.Insert binary =
                mapper.insert(shape, Tuples.binary(Bytes.hex("fffffff9"), utf8("x"), null), 42, PLACE);
        assertThat(binary).isEqualTo(mapper.insert(shape, tuple("-7", "x", null), 42, PLACE));
        assertThat(binary.element().metadata().reference().elementId()).isEqualTo("t:-7");
        assertThat(binary.element().properties().get("id")).contains(new ElementValue.IntegerValue(-7));
    }

    @Test
    void makesAnIdOfAKeyInBinaryFormatAsOfOneInText() {
        TableShape composite = keyed("id", "b");
        for (String[] key :
                new String[][] {{"a_b", "c"}, {"a", "b_c"}, {"_", "__"}, {"\\_", "\\N"}, {"", ""}, {"ä", "\\"}}) {
            TupleData row = Tuples.binary(utf8(key[0]), utf8(key[1]), utf8("z"));
            assertThat(id(composite, row)).isEqualTo(id(composite, key[0], key[1]));
            assertThat(id(keyed("id"), row)).isEqualTo(id(keyed("id"), key[0], key[1]));
        }
        assertThat(id(composite, Tuples.binary(utf8("a_b"), utf8("c\\"), null))).isEqualTo("t:a\\_b_c\\\\");
        assertThat(id(composite, Tuples.binary(null, utf8("x"), null))).isEqualTo("t:\\N_x");
    }

    @Test
    void findsTheOldRowByItsKeyInBinaryFormat() {
        TableShape shape = numbered(List.of("id"));
        SourceChange.Delete delete =
                mapper.delete(shape, new OldTuple.Key(Tuples.binary(Bytes.hex("00000005"), null, null)), 42, PLACE);
        assertThat(delete.metadata().reference().elementId()).isEqualTo("t:5");
        assertThat(delete.before().orElseThrow().toMap()).containsOnlyKeys("id");
        List<SourceChange> changes = update(
                shape,
                new OldTuple.Key(Tuples.binary(Bytes.hex("00000005"), null, null)),
                Tuples.binary(Bytes.hex("00000007"), utf8("x"), null));
        assertThat(changes).hasSize(2);
        assertThat(((SourceChange.Insert) changes.get(1)).previousId()).contains("t:5");
    }

    @Test
    void namesTheColumnAndTheRowOfAValueThatItCannotRead() {
        TableShape shape = numbered(List.of("id", "b"));
        assertUnreadable(
                shape,
                Tuples.binary(Bytes.hex("00000007"), utf8("k"), Bytes.hex("0102")),
                "column c of table t, row with id = '7', b = 'k': not a value of type int4",
                "in hexadecimal 0102");
        assertUnreadable(
                shape,
                Tuples.binary(Bytes.hex("00000007"), utf8("ä".repeat(99)), Bytes.hex("0102")),
                "b = '" + "ä".repeat(50) + "…'");
    }

    @Test
    void showsAKeyThatItCannotReadInHexadecimal() {
        TableShape shape = numbered(List.of("id", "b"));
        assertUnreadable(
                shape,
                Tuples.binary(Bytes.hex("0102"), null, null),
                "column id of table t, row with id = 0x0102, b = NULL: not a value of type int4");
        assertUnreadable(
                shape,
                Tuples.binary(new byte[101], utf8("k"), null),
                "row with id = 0x" + "00".repeat(100) + "…, b = 'k'");
        assertUnreadable(
                shape, Tuples.binary(new byte[100], utf8("k"), null), "row with id = 0x" + "00".repeat(100) + ", b");
    }

    @Test
    void refusesAValueInBinaryFormatThatItDidNotAskFor() {
        TableShape shape = ofType(TypeOid.MONEY, new DatabaseTypes(false));
        assertUnreadable(
                shape,
                Tuples.binary(new byte[8]),
                "column n of table t was sent in binary format, which was not asked for");
    }

    @Test
    void tellsThatATypeWasAlteredFromAValueThatItCannotRead() {
        long pair = 20_000;
        DatabaseTypes types = new DatabaseTypes(false);
        types.learn(Map.of(pair, new PgType.Composite("pair", List.of(new PgType.Attribute("n", TypeOid.INT4)))));
        TableShape shape = ofType(pair, types);
        assertThatThrownBy(() -> mapper.insert(shape, Tuples.binary(Bytes.hex("00000000")), 1, PLACE))
                .isInstanceOfSatisfying(
                        BinaryFormatException.class,
                        e -> assertThat(e.retryable()).isTrue())
                .hasMessageContaining("the type of column n of table t was altered")
                .hasMessageContaining("pair");
        assertUnreadable(shape, Tuples.binary(Bytes.hex("00")), "column n of table t: not a value of type pair");
    }

    private void assertUnreadable(TableShape shape, TupleData row, String... messages) {
        assertThatThrownBy(() -> mapper.insert(shape, row, 1, PLACE))
                .isInstanceOf(DecodingException.class)
                .hasMessageContainingAll(messages);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String id(TableShape shape, TupleData row) {
        return mapper.insert(shape, row, 1, PLACE)
                .element()
                .metadata()
                .reference()
                .elementId();
    }

    private static TableShape numbered(List<String> key) {
        return new TableShape(
                new TableName("public", "t"),
                List.of(
                        new CatalogColumn("id", TypeOid.INT4, TypeOid.INT4, -1),
                        new CatalogColumn("b", TEXT, TEXT, -1),
                        new CatalogColumn("c", TypeOid.INT4, TypeOid.INT4, -1)),
                ReplicaIdentity.DEFAULT,
                key,
                new CatalogKeys(key, List.of()),
                List.of(),
                new DatabaseTypes(false));
    }

    private static TableShape ofType(long oid, DatabaseTypes types) {
        return new TableShape(
                new TableName("public", "t"),
                List.of(new CatalogColumn("n", oid, oid, -1)),
                ReplicaIdentity.NOTHING,
                List.of(),
                CatalogKeys.NONE,
                List.of(),
                types);
    }

    private List<SourceChange> update(TableShape shape, OldTuple old, TupleData row) {
        List<SourceChange> changes = new ArrayList<>();
        mapper.update(shape, old, row, 42, PLACE, changes::add);
        return changes;
    }

    private String id(TableShape shape, @org.jspecify.annotations.Nullable String id, String b) {
        return id(shape, tuple(id, b, "z"));
    }

    private static TableShape keyed(String... key) {
        return shape(ReplicaIdentity.DEFAULT, List.of(key), List.of(key));
    }

    private static TableShape full(String... key) {
        return shape(ReplicaIdentity.FULL, List.of(), List.of(key));
    }

    private static TableShape shape(ReplicaIdentity identity, List<String> identityColumns, List<String> primaryKey) {
        return new TableShape(
                new TableName("public", "t"),
                List.of(
                        new CatalogColumn("id", TEXT, TEXT, -1),
                        new CatalogColumn("b", TEXT, TEXT, -1),
                        new CatalogColumn("c", TEXT, TEXT, -1)),
                identity,
                identityColumns,
                new CatalogKeys(primaryKey, List.of()),
                List.of(),
                new DatabaseTypes(false));
    }
}
