// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.model.ChangeCursor;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.change.ChangeMapper;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.TableKeyConfig;
import io.drasi.source.postgres.schema.Catalog;
import io.drasi.source.postgres.schema.FormatChoice;
import io.drasi.source.postgres.schema.SelectedTables;
import io.drasi.source.postgres.schema.TableShapes;
import io.drasi.source.postgres.spool.Spool;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.Property;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random transactions in stream blocks, with subtransactions of which some are rolled back, give the same as those that count give
 * without blocks; in memory, and with everything but the first row in files.
 */
class StreamedBlocksTest {
    private static final int RUNS = 100;
    private static final int TRANSACTIONS = 6;
    private static final PostgresSourceConfig CONFIG = PostgresSourceConfig.builder("fake")
            .withDatabase("fake")
            .withUser("drasi")
            .withTables("users", "orders", "sales.items")
            .withTableKeys(List.of(new TableKeyConfig("sales.items", List.of(FakeTable.KEY_COLUMN))))
            .build();

    @TempDir
    Path directory;

    private int spooled;

    @Test
    void giveWhatCounts() {
        Property.forAll(RUNS, random -> {
            FakeLog log = new FakeLog(random);
            for (int i = 0; i < TRANSACTIONS; i++) {
                log.commit();
            }
            List<String> whole = new Assembly(new PgOutputDecoder(1), Long.MAX_VALUE).take(whole(log));
            assertThat(new Assembly(new PgOutputDecoder(1), 2).take(whole(log)))
                    .as("not streamed, in files")
                    .isEqualTo(whole);
            List<byte[]> blocks = new Blocks(random).of(log.transactions());
            for (long memory : new long[] {Long.MAX_VALUE, 4_000, 2}) {
                assertThat(new Assembly(new PgOutputDecoder(2), memory).take(blocks))
                        .as("in %d bytes", memory)
                        .isEqualTo(whole);
            }
            assertThat(directory).isEmptyDirectory();
        });
        assertThat(spooled).isGreaterThan(RUNS);
    }

    /** The source is stopped while it reads again what came in blocks. */
    @Test
    void leaveNothingBehindWhenTheirEndIsLeftInTheMidst() {
        FakeTransaction transaction = withRows();
        List<byte[]> messages = new ArrayList<>();
        messages.add(new Bytes().int8('S').int32(transaction.xid()).int8(1).toByteArray());
        Map<Long, FakeTable> described = new HashMap<>();
        while (messages.size() < 3_000) {
            for (FakeTransaction.Message message : transaction.messages()) {
                describe(message, described).forEach(table -> messages.add(Blocks.withXid(table, transaction.xid())));
                messages.add(Blocks.withXid(message.bytes().toByteArray(), transaction.xid()));
            }
        }
        messages.add(new Bytes().int8('E').toByteArray());
        byte[] end = Blocks.end(transaction);
        try (Spool spool = new Spool("s", directory, cause -> {})) {
            PgOutputDecoder decoder = new PgOutputDecoder(2);
            TransactionAssembler left = assembler(spool, 4_000);
            messages.forEach(bytes -> accept(left, decoder, bytes, () -> {}, event -> {}));
            assertThat(spool.usage().files()).isEqualTo(1);
            List<AssembledEvent.Committed> committed = new ArrayList<>();
            assertThatThrownBy(() -> accept(
                            left,
                            decoder,
                            end,
                            () -> {
                                throw new IllegalStateException("left");
                            },
                            event -> keep(event, committed)))
                    .hasMessage("left");
            left.abandon();
            assertThat(committed).isEmpty();
            assertThat(spool.usage()).isEqualTo(Spool.Usage.NONE);
            assertThat(directory).isEmptyDirectory();

            TransactionAssembler next = assembler(spool, 4_000);
            messages.forEach(bytes -> accept(next, decoder, bytes, () -> {}, event -> {}));
            accept(next, decoder, end, () -> {}, event -> keep(event, committed));
            assertThat(committed).singleElement().satisfies(only -> {
                assertThat(only.transaction().size()).isGreaterThan(2_000);
                only.transaction().release();
            });
        }
        assertThat(directory).isEmptyDirectory();
    }

    private static FakeTransaction withRows() {
        FakeLog log = new FakeLog(new Random(1));
        while (log.transactions().isEmpty()
                || log.transactions().get(log.transactions().size() - 1).messages().size() < 5) {
            log.commit();
        }
        return log.transactions().get(log.transactions().size() - 1);
    }

    private static void keep(AssembledEvent event, List<AssembledEvent.Committed> committed) {
        if (event instanceof AssembledEvent.Committed one) {
            committed.add(one);
        }
    }

    private static TransactionAssembler assembler(Spool spool, long memory) {
        DatabaseTypes types = new DatabaseTypes(false);
        return new TransactionAssembler(
                new ChangeMapper(CONFIG.id()),
                new TableShapes(SelectedTables.of(CONFIG), types, new FormatChoice(CONFIG, types)),
                new Catalog(sql -> new QueryResult(List.of(), List.of(), "SELECT 0", List.of()), 180_000),
                spool,
                memory);
    }

    private static void accept(
            TransactionAssembler assembler,
            PgOutputDecoder decoder,
            byte[] bytes,
            Runnable meanwhile,
            Consumer<AssembledEvent> sink) {
        ByteSlice slice = ByteSlice.of(bytes);
        ByteCursor cursor = new ByteCursor();
        cursor.reset(slice);
        PgOutputMessage message = decoder.decode(cursor);
        assembler.accept(message, decoder.xid(), slice, meanwhile, sink);
    }

    private static List<byte[]> whole(FakeLog log) {
        List<byte[]> messages = new ArrayList<>();
        for (FakeTransaction transaction : log.transactions()) {
            messages.add(transaction.begin());
            Map<Long, FakeTable> described = new HashMap<>();
            for (FakeTransaction.Message message : transaction.messages()) {
                describe(message, described).forEach(messages::add);
                messages.add(message.bytes().toByteArray());
            }
            messages.add(transaction.commit());
        }
        return messages;
    }

    /** What the server says before a message: each table that it has not described in the transaction as it is now. */
    private static List<byte[]> describe(FakeTransaction.Message message, Map<Long, FakeTable> described) {
        return message.tables().stream()
                .filter(table -> !table.equals(described.put(table.oid(), table)))
                .map(FakeTable::relation)
                .toList();
    }

    /** Makes blocks of transactions: of two at a time, if no table is altered in the second. */
    private static final class Blocks {
        private final Random random;
        private final List<byte[]> messages = new ArrayList<>();
        private long nextXid = 9_000;

        Blocks(Random random) {
            this.random = random;
        }

        List<byte[]> of(List<FakeTransaction> transactions) {
            List<Streamed> open = new ArrayList<>();
            for (FakeTransaction transaction : transactions) {
                Streamed streamed = new Streamed(transaction);
                if (!open.isEmpty() && (random.nextBoolean() || !streamed.shapes().equals(merged(open)))) {
                    open.forEach(Streamed::end);
                    open.clear();
                }
                open.add(streamed);
                for (int i = 0; i < 6; i++) {
                    open.get(random.nextInt(open.size())).block();
                }
            }
            open.forEach(Streamed::end);
            return messages;
        }

        private static Map<Long, FakeTable> merged(List<Streamed> all) {
            Map<Long, FakeTable> shapes = new HashMap<>();
            all.forEach(streamed -> shapes.putAll(streamed.shapes()));
            return shapes;
        }

        private final class Streamed {
            private final FakeTransaction transaction;
            private final Map<Long, FakeTable> described = new HashMap<>();
            /** Those that will be rolled back. */
            private final Set<Long> subtransactions = new HashSet<>();
            private int next;
            private boolean begun;

            Streamed(FakeTransaction transaction) {
                this.transaction = transaction;
            }

            Map<Long, FakeTable> shapes() {
                Map<Long, FakeTable> shapes = new HashMap<>();
                transaction
                        .messages()
                        .forEach(message -> message.tables().forEach(table -> shapes.put(table.oid(), table)));
                return shapes;
            }

            void block() {
                messages.add(new Bytes()
                        .int8('S')
                        .int32(transaction.xid())
                        .int8(begun ? 0 : 1)
                        .toByteArray());
                begun = true;
                // What follows one that will be rolled back is in that, until it is.
                int count = subtransactions.isEmpty() ? random.nextInt(4) : 0;
                for (int i = 0; i < count && next < transaction.messages().size(); i++) {
                    add(transaction.messages().get(next++), random.nextInt(3) == 0 ? nextXid++ : transaction.xid());
                }
                while (random.nextInt(3) == 0 && !transaction.messages().isEmpty()) {
                    long xid = nextXid++;
                    subtransactions.add(xid);
                    add(transaction.messages().get(random.nextInt(transaction.messages().size())), xid);
                }
                messages.add(new Bytes().int8('E').toByteArray());
                if (random.nextInt(4) > 0) {
                    abort();
                }
            }

            private void add(FakeTransaction.Message message, long xid) {
                if (message.bytes().toByteArray()[0] == 'A') {
                    return; // stands in no block
                }
                for (byte[] relation : describe(message, described)) {
                    messages.add(withXid(relation, xid));
                }
                messages.add(withXid(message.bytes().toByteArray(), xid));
            }

            /** The server describes tables again after that. */
            private void abort() {
                for (long xid : subtransactions) {
                    messages.add(new Bytes()
                            .int8('A')
                            .int32(transaction.xid())
                            .int32(xid)
                            .toByteArray());
                    described.clear();
                }
                subtransactions.clear();
            }

            void end() {
                while (!begun || next < transaction.messages().size()) {
                    block();
                }
                abort();
                messages.add(Blocks.end(transaction));
            }
        }

        private static byte[] end(FakeTransaction transaction) {
            return new Bytes()
                    .int8('c')
                    .int32(transaction.xid())
                    .int8(0)
                    .int64(transaction.commitLsn())
                    .int64(transaction.endLsn())
                    .int64(transaction.commitMicros())
                    .toByteArray();
        }

        /** Messages that say nothing of a transaction stay as they are. */
        private static byte[] withXid(byte[] message, long xid) {
            if ("IUDRYTM".indexOf(message[0]) < 0) {
                return message;
            }
            return new Bytes()
                    .int8(message[0])
                    .int32(xid)
                    .bytes(Arrays.copyOfRange(message, 1, message.length))
                    .toByteArray();
        }
    }

    /** What comes out of messages. */
    private final class Assembly {
        private final PgOutputDecoder decoder;
        private final long memory;

        Assembly(PgOutputDecoder decoder, long memory) {
            this.decoder = decoder;
            this.memory = memory;
        }

        List<String> take(List<byte[]> messages) {
            List<String> lines = new ArrayList<>();
            try (Spool spool = new Spool("s", directory, cause -> {})) {
                TransactionAssembler assembler = assembler(spool, memory);
                messages.forEach(bytes -> accept(assembler, decoder, bytes, () -> {}, event -> tell(event, lines)));
            }
            return lines;
        }

        private void tell(AssembledEvent event, List<String> lines) {
            if (event instanceof AssembledEvent.Committed committed) {
                lines.add(committed.transaction() + " " + committed.endLsn());
                if (committed.transaction().size() > 0) {
                    lines.add("last " + committed.transaction().lastChange());
                }
                for (int walk = 0; walk < 2; walk++) {
                    for (ChangeCursor changes = committed.transaction().cursor(); changes.next(); ) {
                        lines.add(changes.position() + " " + ReadableChange.of(changes.change()) + " " + changes.last());
                    }
                }
                spooled += committed.transaction().inFile() ? 1 : 0;
                committed.transaction().release();
            } else if (event instanceof AssembledEvent.Schema schema) {
                schema.description()
                        .flatMap(description -> description.change())
                        .ifPresent(change -> lines.add(change.toString()));
                schema.changes().forEach(change -> lines.add(change.toString()));
            }
        }
    }
}
