// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/** What becomes of a text that is not UTF-8. Only a database in SQL_ASCII can hold one. */
public enum InvalidText {
    /** The source stops with an error that names table, column and row. */
    ERROR,
    /** The value of the column is delivered as its bytes. A key column has to be UTF-8 all the same. */
    BYTES
}
