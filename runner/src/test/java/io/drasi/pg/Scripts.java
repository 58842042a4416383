// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

/** SQL for psql, with the number of changes that it makes. */
final class Scripts {
    static final String TABLES = """
            CREATE TABLE typed (
                id integer PRIMARY KEY, big bigint, num numeric, f8 float8, b boolean, t text, c character(5),
                d date, tm time, ts timestamp, tz timestamptz, bin bytea, u uuid, j jsonb, arr integer[]);
            CREATE SCHEMA other;
            CREATE TABLE other.typed (a integer, b text, PRIMARY KEY (b, a));
            CREATE TABLE documents (id integer PRIMARY KEY, title text, body text);
            ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
            CREATE TABLE carts (id integer PRIMARY KEY);
            INSERT INTO typed (id) VALUES (1);
            INSERT INTO typed VALUES (2, -9223372036854775808, 1.10, 0.1, true, 'it''s "x"', 'ab', '2024-02-29',
                '23:59:59.999999', '2024-01-01 00:00:00', '2024-01-01 00:00:00.5+00', '\\x00ff', 'b5c1ae1f-4e18-4b8a-8d9a-6f0d3b1c2a3d',
                '{"a": [1, null]}', '{1,NULL,3}');
            INSERT INTO other.typed VALUES (1, 'one'), (2, E'line\\nfeed');
            INSERT INTO documents VALUES (1, 'first', repeat('x', 16384)), (2, 'second', repeat('y', 16384));
            INSERT INTO carts SELECT generate_series(1, 10);
            """;
    static final int FIRST_ROWS = 2 + 2 + 2 + 10;

    static final String CHANGES = """
            INSERT INTO typed (id, num, t, d) VALUES (3, 123456789012345678901234567890.0000000001, E'tab\\t\\u2028 \\U0001F600', '0044-03-15 BC');
            BEGIN;
            INSERT INTO typed (id, f8, ts) VALUES (4, 'NaN', '294276-12-31 23:59:59.999999');
            UPDATE typed SET t = NULL, num = NULL WHERE id = 2;
            UPDATE typed SET arr = '{}' WHERE id = 2;
            INSERT INTO other.typed VALUES (3, 'three_3:\\');
            COMMIT;
            BEGIN;
            INSERT INTO carts VALUES (11);
            ROLLBACK;
            UPDATE documents SET title = 'changed' WHERE id = 1;
            UPDATE documents SET id = 20 WHERE id = 2;
            UPDATE other.typed SET a = 7 WHERE b = 'one';
            DELETE FROM typed WHERE id = 1;
            TRUNCATE carts;
            INSERT INTO carts VALUES (100), (101);
            DELETE FROM carts WHERE id = 100;
            """;
    static final int INSERTS = 1 + 2 + 2;
    static final int UPDATES = 2 + 1;
    static final int KEY_CHANGES = 2;
    static final int DELETES = 2;

    private Scripts() {}
}
