// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The tables of the shop, with their first rows and a publication of all of them. */
public final class ShopSchema {
    public static final String PUBLICATION = "drasi_publication";

    /** Products and orders send their old rows; the others what PostgreSQL sends by default. */
    private static final String TABLES = """
            CREATE TABLE customers (
                customer_id integer PRIMARY KEY,
                name text NOT NULL,
                email text NOT NULL,
                city text,
                loyalty_points integer NOT NULL DEFAULT 0,
                joined_on date NOT NULL);
            CREATE TABLE products (
                sku text PRIMARY KEY,
                name text NOT NULL,
                price numeric(10, 2) NOT NULL,
                stock integer NOT NULL,
                tags text[] NOT NULL);
            ALTER TABLE products REPLICA IDENTITY FULL;
            CREATE TABLE orders (
                order_id integer PRIMARY KEY,
                customer_id integer NOT NULL REFERENCES customers,
                status text NOT NULL,
                total numeric(12, 2) NOT NULL,
                ordered_at timestamptz NOT NULL);
            ALTER TABLE orders REPLICA IDENTITY FULL;
            CREATE TABLE order_items (
                order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
                line_no integer NOT NULL,
                sku text NOT NULL REFERENCES products ON UPDATE CASCADE,
                quantity integer NOT NULL,
                PRIMARY KEY (order_id, line_no));
            CREATE TABLE carts (
                customer_id integer NOT NULL REFERENCES customers,
                sku text NOT NULL,
                quantity integer NOT NULL,
                PRIMARY KEY (customer_id, sku));
            CREATE SCHEMA warehouse;
            CREATE TABLE warehouse.deliveries (
                delivery_id integer PRIMARY KEY,
                sku text NOT NULL,
                quantity integer NOT NULL,
                arrived_at timestamptz NOT NULL);
            CREATE TABLE warehouse.stock_counts (
                shelf integer PRIMARY KEY,
                sku text NOT NULL,
                quantity integer NOT NULL);
            """;

    private static final String ROWS = """
            INSERT INTO customers VALUES
                (1, 'Ada Lovelace', 'ada@example.com', 'London', 120, '2023-02-11'),
                (2, 'Grace Hopper', 'grace@example.com', 'New York', 340, '2023-04-02'),
                (3, 'Alan Turing', 'alan@example.com', 'Wilmslow', 80, '2023-06-23'),
                (4, 'Edgar Codd', 'edgar@example.com', 'Oxford', 15, '2023-08-19'),
                (5, 'Barbara Liskov', 'barbara@example.com', NULL, 260, '2023-11-07'),
                (6, 'Michael Stonebraker', 'michael@example.com', 'Berkeley', 0, '2024-01-30');
            INSERT INTO products VALUES
                ('MUG-RED', 'Mug, red', 9.90, 140, '{kitchen,new}'),
                ('MUG-BLUE', 'Mug, blue', 9.90, 95, '{kitchen}'),
                ('TEAPOT', 'Teapot', 34.50, 32, '{kitchen}'),
                ('LAMP', 'Desk lamp', 59.00, 21, '{office,light}'),
                ('NOTEBOOK', 'Notebook, squared', 4.25, 400, '{office,paper}'),
                ('PENCIL', 'Pencil 2B', 0.80, 1200, '{office}'),
                ('CHAIR', 'Chair, oak', 189.00, 8, '{furniture}'),
                ('VOUCHER', 'Gift voucher', 25.00, 50, '{}');
            INSERT INTO orders
                SELECT i, 1 + i % 6, CASE WHEN i < 6 THEN 'shipped' ELSE 'new' END, 44.40 + i,
                    timestamptz '2024-03-01 09:00:00+00' + i * interval '7 hours 13 minutes'
                FROM generate_series(1, 12) AS i;
            INSERT INTO order_items
                SELECT i, 1, 'TEAPOT', 1 FROM generate_series(1, 12) AS i
                UNION ALL SELECT i, 2, 'MUG-RED', 1 + i % 3 FROM generate_series(1, 12) AS i
                UNION ALL SELECT i, 3, 'VOUCHER', 1 FROM generate_series(1, 2) AS i;
            INSERT INTO carts VALUES (1, 'LAMP', 1), (2, 'PENCIL', 12), (3, 'CHAIR', 4);
            INSERT INTO warehouse.deliveries VALUES
                (1, 'PENCIL', 600, '2024-02-26 07:30:00+00'),
                (2, 'NOTEBOOK', 200, '2024-02-27 07:45:00+00');
            """;

    private ShopSchema() {}

    /** Creates everything in an empty database. */
    public static void create(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(TABLES + ROWS + "CREATE PUBLICATION " + PUBLICATION + " FOR ALL TABLES;");
        }
    }
}
