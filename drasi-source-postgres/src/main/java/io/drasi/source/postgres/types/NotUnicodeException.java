// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.nio.charset.CharacterCodingException;

/** A text is not UTF-8. A database in SQL_ASCII holds any bytes. */
final class NotUnicodeException extends ValueFormatException {
    private static final long serialVersionUID = 1L;

    NotUnicodeException(String typeName, byte[] array, int offset, int length, CharacterCodingException cause) {
        super(typeName, array, offset, length);
        initCause(cause);
    }
}
