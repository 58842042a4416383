// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

/**
 * The format in which rows are asked for. Binary is there from PostgreSQL 14 on, for databases in UTF8, and takes less of
 * the server's and of our time; the values are the same in both.
 */
public enum RowFormat {
    /** Binary, as long as each published column has a type that loses nothing in it; else text. */
    AUTO,
    TEXT,
    /** A source that can't read the rows in binary stops with an error that says why. */
    BINARY
}
