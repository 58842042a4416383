// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;

/** A transaction with one change, that stands for a number. */
record NumberedTransaction(long number) implements SourceEvent.Transaction {
    static SourceEvent of(long number) {
        return new NumberedTransaction(number);
    }

    static SourceEvent[] upTo(int last) {
        return LongStream.rangeClosed(1, last).mapToObj(NumberedTransaction::of).toArray(SourceEvent[]::new);
    }

    static List<Position> positions(long... numbers) {
        return LongStream.of(numbers)
                .mapToObj(number -> new Position(number, 0))
                .toList();
    }

    @Override
    public long xid() {
        return number & 0xFFFF_FFFFL;
    }

    @Override
    public Instant commitTime() {
        return Instant.EPOCH;
    }

    @Override
    public long commitLsn() {
        return number;
    }

    @Override
    public long endLsn() {
        return number + 1;
    }

    @Override
    public Position position() {
        return new Position(number, 0);
    }

    @Override
    public long size() {
        return 1;
    }

    @Override
    public ChangeCursor cursor() {
        throw new UnsupportedOperationException("a number has no changes");
    }
}
