// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.bootstrap;

import io.drasi.postgres.protocol.pgoutput.TupleData;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.ByteWriter;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.types.TypeOid;
import io.drasi.source.postgres.types.ValueFormatException;
import io.drasi.source.postgres.types.binary.BinaryCodec;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads COPY's binary format ("COPY", section "Binary Format" in PostgreSQL's documentation): a header, which comes in the
 * message of the first row, a message for each row, and a trailer. One thread.
 */
final class CopyBinaryRows implements CopyRows {
    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0};
    private static final int CRITICAL_FLAGS = 0xFFFF_0000;
    private static final int TRAILER = 0xFFFF;
    private static final int NULL = -1;

    private final int columns;
    private final List<BinaryCodec> leading;
    private final String what;
    private final ByteCursor cursor = new ByteCursor();
    private boolean begun;
    private boolean ended;

    /**
     * @param columns of the table
     * @param leading the types of the columns that stand before these and are not the table's own; never NULL
     * @param what names the table in errors
     */
    CopyBinaryRows(int columns, List<Long> leading, BinaryTypes types, String what) {
        this.columns = columns;
        this.leading = leading.stream()
                .map(oid -> Objects.requireNonNull(types.codec(oid)))
                .toList();
        this.what = what;
    }

    /** The types of a row's place: its table's OID and its ctid. */
    static List<Long> place() {
        return List.of(TypeOid.OID, TypeOid.TID);
    }

    @Override
    public Optional<Row> read(ByteSlice message) {
        cursor.reset(message);
        try {
            if (!begun) {
                readHeader();
                begun = true;
            }
            return readRow();
        } catch (ProtocolException | ValueFormatException e) {
            throw broken("something that is no row in binary format: " + e.getMessage(), e);
        }
    }

    @Override
    public void end() {
        if (!ended) {
            throw broken("rows that end without a trailer", null);
        }
    }

    private void readHeader() {
        for (byte expected : SIGNATURE) {
            if (cursor.readByte() != expected) {
                throw broken("a header without the signature of the binary format", null);
            }
        }
        int flags = cursor.readInt32();
        if ((flags & CRITICAL_FLAGS) != 0) {
            throw broken("a header with the unknown flags 0x" + Integer.toHexString(flags), null);
        }
        cursor.skip(cursor.readInt32());
    }

    private Optional<Row> readRow() {
        int fields = cursor.readUnsignedInt16();
        if (!ended && fields == TRAILER && cursor.remaining() == 0) {
            ended = true;
            return Optional.empty();
        }
        if (ended) {
            throw broken("something behind the trailer", null);
        }
        if (fields != leading.size() + columns) {
            throw broken("a row that has not " + columns + " columns", null);
        }
        List<String> texts = leading.isEmpty() ? List.of() : new ArrayList<>();
        for (BinaryCodec codec : leading) {
            int length = cursor.readInt32();
            int start = cursor.position();
            cursor.skip(length);
            StringBuilder text = new StringBuilder();
            codec.appendText(cursor.array(), start, length, text);
            texts.add(text.toString());
        }
        return Optional.of(new Row(texts, readTuple()));
    }

    private TupleData readTuple() {
        ByteWriter tuple = new ByteWriter();
        tuple.writeInt16(columns);
        for (int i = 0; i < columns; i++) {
            int length = cursor.readInt32();
            if (length == NULL) {
                tuple.writeByte('n');
                continue;
            }
            tuple.writeByte('b');
            tuple.writeInt32(length);
            int start = cursor.position();
            cursor.skip(length);
            tuple.writeBytes(new ByteSlice(cursor.array(), start, length));
        }
        if (cursor.remaining() > 0) {
            throw broken(cursor.remaining() + " bytes behind a row", null);
        }
        return TupleData.read(new ByteCursor(tuple.toByteArray()));
    }

    private DecodingException broken(String how, @Nullable Throwable cause) {
        return new DecodingException("COPY of table " + what + " gave " + how, null, cause);
    }
}
