// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.transaction;

import static io.drasi.source.postgres.change.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.protocol.pgoutput.OldTuple;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.pgoutput.RelationColumn;
import io.drasi.postgres.protocol.pgoutput.ReplicaIdentity;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.types.DatabaseTypes;
import java.util.ArrayList;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransactionAssemblerTest {
    private static final PgOutputMessage.Begin BEGIN = new PgOutputMessage.Begin(new Lsn(100), 0, 7);
    private static final PgOutputMessage.Commit COMMIT = new PgOutputMessage.Commit(0, new Lsn(100), new Lsn(110), 0);

    private final TransactionAssembler assembler = assembler("users");

    @Test
    void givesATransactionAtItsCommit() {
        assertThat(accept(assembler, BEGIN)).isEmpty();
        assertThat(assembler.inTransaction()).isTrue();
        accept(assembler, relation(1, "users", "name"));
        accept(assembler, insert(1, "1", "a"));
        accept(assembler, insert(1, "2", "b"));
        CommittedTransaction transaction = commit();
        assertThat(assembler.inTransaction()).isFalse();
        assertThat(transaction.xid()).isEqualTo(7);
        assertThat(transaction.endLsn()).isEqualTo(110);
        assertThat(transaction.position()).isEqualTo(new Position(100, 1));
        assertThat(ids(transaction)).containsExactly("users:1@0", "users:2@1 last");
        assertThat(ids(transaction)).as("can be walked along again").hasSize(2);
    }

    @Test
    void countsRowsOfTablesThatAreLeftOut() {
        accept(assembler, BEGIN);
        accept(assembler, relation(1, "users", "name"));
        accept(assembler, relation(2, "orders", "name"));
        accept(assembler, insert(2, "9", "x"));
        accept(assembler, insert(1, "1", "a"));
        accept(assembler, insert(2, "9", "x"));
        CommittedTransaction transaction = commit();
        assertThat(ids(transaction)).containsExactly("users:1@1 last");
        assertThat(transaction.position()).isEqualTo(new Position(100, 2));
    }

    @Test
    void givesBothHalvesOfAKeyChangeOnePosition() {
        accept(assembler, BEGIN);
        accept(assembler, relation(1, "users", "name"));
        accept(assembler, new PgOutputMessage.Update(1, new OldTuple.Key(tuple("1", null)), tuple("2", "a")));
        accept(assembler, insert(1, "3", "c"));
        assertThat(ids(commit())).containsExactly("users:1@0", "users:2@0", "users:3@1 last");
    }

    @Test
    void givesAnEmptyTransactionThatMovesThePosition() {
        accept(assembler, BEGIN);
        CommittedTransaction transaction = commit();
        assertThat(transaction.size()).isZero();
        assertThat(transaction.position()).isEqualTo(new Position(100, -1));
    }

    @Test
    void truncatesTheTablesThatAreRead() {
        accept(assembler, BEGIN);
        accept(assembler, relation(1, "users", "name"));
        accept(assembler, relation(2, "orders", "name"));
        accept(assembler, new PgOutputMessage.Truncate(List.of(1L, 2L), true, false));
        accept(assembler, new PgOutputMessage.Truncate(List.of(2L), false, false));
        CommittedTransaction transaction = commit();
        assertThat(transaction.changes())
                .singleElement()
                .isInstanceOfSatisfying(SourceChange.Truncate.class, truncate -> {
                    assertThat(truncate.labels()).containsExactly("users");
                    assertThat(truncate.cascade()).isTrue();
                });
        assertThat(transaction.position().ordinal()).isEqualTo(1);
    }

    @Test
    void announcesANewColumnBeforeItsFirstRow() {
        accept(assembler, BEGIN);
        accept(assembler, relation(1, "users", "name"));
        assertThat(described(relation(1, "users", "name")).change()).isEmpty();
        TableDescription description = described(relation(1, "users", "name", "age"));
        SourceEvent.SchemaChanged change = description.change().orElseThrow().change();
        assertThat(change.changes()).containsExactly("column \"age\" was added");
        assertThat(change.columns()).containsExactly("id", "name", "age");
        assertThat(change.position()).isEqualTo(new Position(100, -1)).isEqualTo(description.position());
    }

    private TableDescription described(PgOutputMessage.Relation relation) {
        AssembledEvent.Schema schema = (AssembledEvent.Schema) accept(assembler, relation).get(0);
        assertThat(schema.changes()).isEmpty();
        return schema.description().orElseThrow();
    }

    @Test
    void ignoresAnAbortOfATransactionThatItDoesNotKnow() {
        assertThat(accept(assembler, new PgOutputMessage.StreamAbort(5, 6))).isEmpty();
        accept(assembler, BEGIN);
        assertThat(accept(assembler, new PgOutputMessage.StreamAbort(5, 6))).isEmpty();
        assertThat(commit().size()).isZero();
    }

    @Test
    void refusesEndsOfWhatHasNotBegun() {
        Lsn lsn = new Lsn(100);
        for (PgOutputMessage message : List.of(
                new PgOutputMessage.StreamStop(), new PgOutputMessage.Prepare(lsn, lsn, 0, 7, "gid"))) {
            assertThatThrownBy(() -> accept(assembler, message))
                    .isInstanceOf(DecodingException.class)
                    .hasMessageContaining("the server sent "
                            + message.getClass().getSimpleName() + " which was not asked for");
        }
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamPrepare(lsn, lsn, 0, 7, "gid")))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("the end of prepared transaction 7 (gid), but nothing of it before");
    }

    @Test
    void refusesBlocksThatDoNotFit() {
        Lsn lsn = new Lsn(100);
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamCommit(7, lsn, lsn, 0)))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("the end of transaction 7, but nothing of it before");
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamStart(7, false)))
                .hasMessageContaining("a further block, but no first one, of transaction 7");
        accept(assembler, new PgOutputMessage.StreamStart(7, true));
        assertThat(assembler.inTransaction()).isTrue();
        accept(assembler, new PgOutputMessage.StreamStop());
        assertThat(assembler.inTransaction()).isFalse();
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamStart(7, true)))
                .hasMessageContaining("a first block again of transaction 7");
        accept(assembler, BEGIN);
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamStart(8, true)))
                .hasMessageContaining("a block of transaction 8 inside transaction 7");
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.StreamCommit(7, lsn, lsn, 0)))
                .hasMessageContaining("the end of transaction 7 inside transaction 7");
    }

    @Test
    void forgetsBlocksThatWereRolledBack() {
        accept(assembler, new PgOutputMessage.StreamStart(7, true));
        accept(assembler, new PgOutputMessage.StreamStop());
        accept(assembler, new PgOutputMessage.StreamAbort(7, 8));
        accept(assembler, new PgOutputMessage.StreamAbort(7, 7));
        accept(assembler, new PgOutputMessage.StreamStart(7, true));
        accept(assembler, new PgOutputMessage.StreamStop());
        List<AssembledEvent> events =
                accept(assembler, new PgOutputMessage.StreamCommit(7, new Lsn(100), new Lsn(110), 0));
        assertThat(events)
                .singleElement()
                .isInstanceOfSatisfying(AssembledEvent.Committed.class, committed -> {
                    assertThat(committed.transaction().size()).isZero();
                    assertThat(committed.transaction().xid()).isEqualTo(7);
                    assertThat(committed.transaction().endLsn()).isEqualTo(110);
                });
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> accept(assembler, insert(1, "1", "a")))
                .isInstanceOf(DecodingException.class)
                .hasMessageContaining("Insert")
                .hasMessageContaining("outside a transaction");
        assertThatThrownBy(() -> accept(assembler, COMMIT)).hasMessageContaining("outside a transaction");
        accept(assembler, BEGIN);
        assertThatThrownBy(() -> accept(assembler, BEGIN)).hasMessageContaining("inside transaction 7");
        assertThatThrownBy(() -> accept(assembler, insert(1, "1", "a"))).hasMessageContaining("relation 1");
        assertThatThrownBy(() -> accept(assembler, new PgOutputMessage.Commit(0, new Lsn(101), new Lsn(110), 0)))
                .hasMessageContaining("0/65")
                .hasMessageContaining("0/64");
    }

    private CommittedTransaction commit() {
        return ((AssembledEvent.Committed) accept(assembler, COMMIT).get(0)).transaction();
    }

    private static List<String> ids(CommittedTransaction transaction) {
        List<String> ids = new ArrayList<>();
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            String id = cursor.change() instanceof SourceChange.Delete delete
                    ? delete.metadata().reference().elementId()
                    : ((SourceChange.Insert) cursor.change())
                            .element()
                            .metadata()
                            .reference()
                            .elementId();
            ids.add(id + "@" + cursor.position().ordinal() + (cursor.last() ? " last" : ""));
        }
        return ids;
    }

    private static PgOutputMessage.Insert insert(long oid, String... values) {
        return new PgOutputMessage.Insert(oid, tuple(values));
    }

    private static PgOutputMessage.Relation relation(long oid, String name, String... columns) {
        List<RelationColumn> all = new ArrayList<>();
        all.add(new RelationColumn(true, "id", 23, -1));
        for (String column : columns) {
            all.add(new RelationColumn(false, column, 25, -1));
        }
        return new PgOutputMessage.Relation(oid, "public", name, ReplicaIdentity.DEFAULT, all);
    }

    // ---- prepared transactions ----

    private static void prepare(TransactionAssembler assembler, long xid, String gid, long lsn) {
        assertThat(accept(assembler, new PgOutputMessage.BeginPrepare(new Lsn(lsn), new Lsn(lsn + 8), 0, xid, gid)))
                .isEmpty();
        assertThat(assembler.inTransaction()).isTrue();
        assertThat(accept(assembler, new PgOutputMessage.Prepare(new Lsn(lsn), new Lsn(lsn + 8), 0, xid, gid)))
                .containsExactly(new AssembledEvent.Prepared(
                        new PreparedTransaction(gid, xid, new Lsn(lsn), new Lsn(lsn + 8), 0)));
        assertThat(assembler.inTransaction()).isFalse();
    }

    private static PgOutputMessage.CommitPrepared commitPrepared(long xid, String gid) {
        return new PgOutputMessage.CommitPrepared(new Lsn(0x500), new Lsn(0x538), 0, xid, gid);
    }

    @Test
    void givesAPreparedTransactionAtItsCommit() {
        TransactionAssembler assembler = assembler();
        prepare(assembler, 7, "a", 0x100);
        prepare(assembler, 8, "b", 0x200);
        List<AssembledEvent> events = accept(assembler, commitPrepared(8, "b"));
        assertThat(events).hasSize(2);
        CommittedTransaction committed = ((AssembledEvent.Committed) events.get(0)).transaction();
        assertThat(committed.commitLsn()).isEqualTo(0x500);
        assertThat(committed.xid()).isEqualTo(8);
        AssembledEvent.PreparedEnded ended = (AssembledEvent.PreparedEnded) events.get(1);
        assertThat(ended.transaction().prepareLsn()).isEqualTo(new Lsn(0x200));
        assertThat(ended.committed()).isTrue();
        assertThat(ended.endLsn()).isEqualTo(new Lsn(0x538));
    }

    @Test
    void tellsOfARollbackOfWhatItHas() {
        TransactionAssembler assembler = assembler();
        PgOutputMessage.RollbackPrepared rollback =
                new PgOutputMessage.RollbackPrepared(new Lsn(0x108), new Lsn(0x538), 0, 0, 7, "a");
        assertThat(accept(assembler, rollback)).as("one of before this stream").isEmpty();
        prepare(assembler, 7, "a", 0x100);
        List<AssembledEvent> events = accept(assembler, rollback);
        assertThat(events).hasSize(1);
        assertThat(((AssembledEvent.PreparedEnded) events.get(0)).committed()).isFalse();
        prepare(assembler, 9, "a", 0x600);
    }

    @Test
    void refusesTheCommitOfAPreparedTransactionThatItDoesNotHave() {
        TransactionAssembler assembler = assembler();
        prepare(assembler, 7, "a", 0x100);
        for (PgOutputMessage.CommitPrepared unknown : List.of(commitPrepared(8, "a"), commitPrepared(7, "b"))) {
            assertThatThrownBy(() -> accept(assembler, unknown))
                    .isInstanceOf(PositionUnavailableException.class)
                    .hasMessageContainingAll("0/500", "'" + unknown.gid() + "'", "not what it changes");
        }
    }

    private static TransactionAssembler assembler(String... tables) {
        PostgresSourceConfig config = PostgresSourceConfig.builder("s")
                .withDatabase("d")
                .withUser("u")
                .withTables(tables)
                .build();
        Catalog nothing = new Catalog(sql -> new QueryResult(List.of(), List.of(), "SELECT 0", List.of()), 180_000);
        return new TransactionAssembler(
                new ChangeMapper("s"),
                new TableShapes(
                        SelectedTables.of(config),
                        new DatabaseTypes(false),
                        new FormatChoice(config, new DatabaseTypes(false))),
                nothing,
                new Spool("s", Path.of("."), cause -> {}),
                Long.MAX_VALUE);
    }

    private static List<AssembledEvent> accept(TransactionAssembler assembler, PgOutputMessage message) {
        List<AssembledEvent> events = new ArrayList<>();
        assembler.accept(message, 0, ByteSlice.empty(), () -> {}, events::add);
        return events;
    }
}
