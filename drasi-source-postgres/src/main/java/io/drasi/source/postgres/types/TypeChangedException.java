// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

/** A value in binary format has other parts than its type is known to have: the type was altered, before or after. */
public final class TypeChangedException extends ValueFormatException {
    private static final long serialVersionUID = 1L;

    public TypeChangedException(String typeName, byte[] array, int offset, int length) {
        super(typeName, array, offset, length);
    }
}
