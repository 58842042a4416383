// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.source.postgres.types.ValueFormatException;

/** Reads the values of one PostgreSQL type in binary format. Stateless: one instance serves all threads. */
public interface BinaryCodec {
    /**
     * Reads what the type's send function makes. The array is only borrowed: the result does not refer to it.
     *
     * @throws ValueFormatException if the send function makes nothing like this
     * @throws io.drasi.source.postgres.types.TypeChangedException if the type looks otherwise than it is known
     * @throws IndexOutOfBoundsException if the range does not lie in {@code array}
     */
    ElementValue decode(byte[] array, int offset, int length);

    /**
     * Appends the text that the type's output function gives for the same value.
     *
     * @throws ValueFormatException as {@link #decode} does
     */
    void appendText(byte[] array, int offset, int length, StringBuilder text);
}
