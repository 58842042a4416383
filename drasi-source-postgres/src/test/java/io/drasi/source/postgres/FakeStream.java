// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.WalsenderSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * What a fake server sends in one session: transactions of its log from one on, tables described before their first row and
 * again whenever it likes, keepalives anywhere, positions of data that mean nothing, and maybe something malformed.
 */
final class FakeStream {
    private static final byte[] NOTHING = {};

    private final FakeLog log;
    private final Random random;
    private final Map<Long, FakeTable> described = new HashMap<>();
    private final List<Piece> pieces = new ArrayList<>();
    private Optional<Fault> fault = Optional.empty();

    /**
     * Bytes that are sent one after the other, but not necessarily at once.
     *
     * @param reached everything before it was sent with this one, and no transaction is open there; 0: it says nothing of that
     * @param completed how many transactions of the log were sent with this one, counted from the log's beginning; 0: it is no
     *     Commit
     * @param described how many transactions were sent with this one in whole or up to a description of a table, counted in
     *     the same way; 0: it is neither a Commit nor such a description
     */
    record Piece(Bytes bytes, long reached, int completed, int described) {
        /** Says nothing of transactions. */
        Piece(Bytes bytes, long reached) {
            this(bytes, reached, 0, 0);
        }
    }

    /** @param place what an error has to name */
    record Fault(String kind, String place) {}

    FakeStream(FakeLog log, Random random) {
        this.log = log;
        this.random = random;
    }

    List<Piece> pieces() {
        return pieces;
    }

    /** What is wrong with it. */
    Optional<Fault> fault() {
        return fault;
    }

    /** Puts in transactions from an index on. */
    FakeStream from(int index) {
        for (FakeTransaction transaction :
                log.transactions().subList(index, log.transactions().size())) {
            mayKeepAlive(transaction.commitLsn());
            data(transaction, transaction.begin());
            for (FakeTransaction.Message message : transaction.messages()) {
                mayKeepAliveInside();
                describe(transaction, message.tables());
                data(transaction, message.bytes().toByteArray());
            }
            mayKeepAliveInside();
            pieces.add(new Piece(
                    frame(transaction.commitLsn(), transaction.commit()),
                    transaction.endLsn(),
                    transaction.index() + 1,
                    transaction.index() + 1));
        }
        mayKeepAlive(log.end());
        return this;
    }

    private void describe(FakeTransaction transaction, List<FakeTable> tables) {
        for (FakeTable table : tables) {
            if (!table.equals(described.get(table.oid())) || random.nextInt(10) == 0) {
                described.put(table.oid(), table);
                data(transaction, table.relation());
            }
        }
    }

    private void data(FakeTransaction transaction, byte[] message) {
        int described = message[0] == 'R' ? transaction.index() + 1 : 0;
        pieces.add(new Piece(frame(place(transaction.commitLsn()), message), 0, 0, described));
    }

    /** The positions of data are those of rows, which go back from one transaction to the next. */
    private long place(long commitLsn) {
        return random.nextInt(4) == 0 ? commitLsn : commitLsn - random.nextInt(0x800);
    }

    private Bytes frame(long place, byte[] message) {
        return new Bytes()
                .bytes(WalsenderSession.xLogData(place, place + random.nextInt(0x1000), random.nextLong(), message));
    }

    /** Outside a transaction, before one that commits at an LSN: it can't promise more than that; less it can. */
    private void mayKeepAlive(long before) {
        while (random.nextInt(3) == 0) {
            long walEnd = before - (random.nextBoolean() ? 0 : random.nextInt(0x400));
            pieces.add(new Piece(keepalive(walEnd), walEnd));
        }
        if (random.nextInt(12) == 0) {
            Bytes message =
                    new Bytes().int8('M').int8(0).int64(before).cstring("").sizedText("said outside");
            pieces.add(new Piece(frame(before, message.toByteArray()), 0));
        }
    }

    /** The server has read further than what it has sent: what it says means nothing for the transaction that is open. */
    private void mayKeepAliveInside() {
        if (random.nextInt(8) == 0) {
            pieces.add(new Piece(keepalive(log.end() + random.nextInt(0x1000) - 0x800), 0));
        }
    }

    private Bytes keepalive(long walEnd) {
        return new Bytes().bytes(WalsenderSession.keepalive(walEnd, random.nextLong(), random.nextInt(3) == 0));
    }

    /** Has something malformed in a place. There must be a transaction. */
    FakeStream withFault() {
        List<Integer> commits = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i++) {
            if (pieces.get(i).completed() > 0) {
                commits.add(i);
            }
        }
        int at = commits.get(random.nextInt(commits.size()));
        FakeTransaction transaction = log.transactions().get(pieces.get(at).completed() - 1);
        boolean inside = random.nextBoolean();
        int kind = random.nextInt(10);
        if (kind < 3) {
            putUnreadable(inside ? at : at + 1);
        } else if (inside) {
            putUnfitting(at, transaction, kind);
        } else {
            putOutside(at + 1, transaction);
        }
        return this;
    }

    /** What is no message of a replication stream at all. */
    private void putUnreadable(int at) {
        byte[] whole = keepalive(log.end()).toByteArray();
        switch (random.nextInt(5)) {
            case 0 -> put(at, "unknown message", new Bytes().frame('q', new byte[4]), "message 'q'");
            case 1 -> put(at, "impossible length", new Bytes().int8('d').int32(3), "offset");
            case 2 ->
                put(
                        at,
                        "unknown data",
                        new Bytes().frame('d', body -> body.int8('z').int64(1)),
                        "offset");
            case 3 -> put(at, "empty data", new Bytes().frame('d', NOTHING), "offset");
            default -> {
                int length = 6 + random.nextInt(whole.length - 6); // at least its kind
                byte[] cut = Arrays.copyOfRange(whole, 5, length);
                put(at, "torn keepalive", new Bytes().frame('d', cut), "offset");
            }
        }
    }

    /** A message that does not fit where a transaction is about to commit. */
    private void putUnfitting(int at, FakeTransaction transaction, int kind) {
        long unknown = 15_999;
        byte[] row = FakeTable.tuple(List.of(new FakeTable.Cell.Text("1"))).toByteArray();
        switch (kind) {
            case 3 -> putData(at, "another commit", transaction.commitAt(transaction.commitLsn() + 8));
            case 4 -> putData(at, "begin inside", transaction.begin());
            case 5 -> putData(at, "row of an unknown relation", insert(unknown, row));
            case 6 ->
                putData(
                        at,
                        "truncate of an unknown relation",
                        new Bytes().int8('T').int32(1).int8(0).int32(unknown).toByteArray());
            case 7 -> {
                // The server describes nothing that it has no rows of: the row comes after others of that table.
                Optional<FakeTable> known = log.describedIn(transaction);
                putData(
                        at,
                        known.isPresent() ? "row with too few columns" : "row of an unknown relation",
                        insert(known.map(FakeTable::oid).orElse(unknown), row));
            }
            case 8 -> putData(at, "unknown message of pgoutput", new byte[] {'?', 0, 0});
            default -> {
                byte[] commit = transaction.commit();
                boolean longer = random.nextBoolean();
                putData(
                        at,
                        longer ? "message with a byte too many" : "torn message",
                        Arrays.copyOf(commit, longer ? commit.length + 1 : random.nextInt(commit.length)));
            }
        }
    }

    private static byte[] insert(long oid, byte[] row) {
        return new Bytes().int8('I').int32(oid).int8('N').bytes(row).toByteArray();
    }

    private void putOutside(int at, FakeTransaction transaction) {
        switch (random.nextInt(3)) {
            case 0 -> putData(at, "commit outside", transaction.commit());
            case 1 -> putData(at, "description outside", log.tables().get(0).relation());
            default -> putData(at, "row outside", insert(log.tables().get(0).oid(), new byte[] {0, 0}));
        }
    }

    private void putData(int at, String kind, byte[] message) {
        long place = 0x5_0000_0000L + random.nextInt();
        put(at, kind, frame(place, message), "at " + new Lsn(place));
    }

    private void put(int at, String kind, Bytes bytes, String place) {
        pieces.add(at, new Piece(bytes, 0));
        fault = Optional.of(new Fault(kind, place));
    }
}
