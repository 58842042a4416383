// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue;

/** Reads the values of one PostgreSQL type. Stateless: one instance serves all threads. */
public interface TypeCodec {
    /**
     * Reads the text that the type's output function gives, in UTF-8. The array is only borrowed: the result does not
     * refer to it.
     *
     * @throws ValueFormatException if PostgreSQL does not print values of the type like this under the settings that the
     *     package names
     * @throws IndexOutOfBoundsException if the range does not lie in {@code array}
     */
    ElementValue decodeText(byte[] array, int offset, int length);
}
