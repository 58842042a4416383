// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteSlice;

/** A column's value in a {@link TupleData}. */
public sealed interface TupleValue {
    /** {@code n}: SQL NULL. */
    record Null() implements TupleValue {}

    /** {@code u}: an out-of-line value that did not change and that the server did not send. */
    record UnchangedToast() implements TupleValue {}

    /**
     * {@code t}: the type's output text.
     *
     * @param utf8 borrowed
     */
    record Text(ByteSlice utf8) implements TupleValue {}

    /**
     * {@code b}: what the type's send function makes.
     *
     * @param bytes borrowed
     */
    record Binary(ByteSlice bytes) implements TupleValue {}
}
