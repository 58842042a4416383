// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The shop at work: one transaction after the other, in a fixed round that has every kind of change, and once a large one.
 */
public final class ShopWorkload implements AutoCloseable {
    private static final List<String> ORDERED_SKUS =
            List.of("MUG-RED", "MUG-BLUE", "TEAPOT", "LAMP", "NOTEBOOK", "PENCIL");
    private static final List<String> CITIES = List.of("Paris", "Turin", "Cork", "Bern", "Oslo");
    private static final int FIRST_CUSTOMERS = 6;
    private static final long SEED = 20_240_301;
    /** Which transaction is the large one, after so many others. */
    private static final int STOCK_TAKE = 5;

    private static final int SHELVES = 100_000;

    private final Connection connection;
    private final Duration pause;
    private final Runnable onFailure;
    private final Random random = new Random(SEED);
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread = new Thread(this::work, "drasi-pg-shop");
    private final List<Step> round = List.of(
            this::putIntoCart,
            this::checkOut,
            this::changePrice,
            this::takeDelivery,
            this::shipOrder,
            this::renameProduct,
            this::putIntoCart,
            this::welcomeCustomer,
            this::cancelOrder,
            this::moveCustomer,
            this::emptyCart,
            this::dropAllCarts);
    private volatile Optional<Exception> failure = Optional.empty();

    private int nextOrder = 13;
    private int nextDelivery = 3;
    private int nextCustomer = FIRST_CUSTOMERS + 1;
    private int voucherSeries;

    /** One transaction. */
    private interface Step {
        void run() throws SQLException;
    }

    /**
     * @param connection owned by the workload from now on
     * @param pause between two transactions
     * @param onFailure called when a transaction fails, which ends the work; {@link #failure} has the reason
     */
    public ShopWorkload(Connection connection, Duration pause, Runnable onFailure) {
        this.connection = connection;
        this.pause = pause;
        this.onFailure = onFailure;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    public Optional<Exception> failure() {
        return failure;
    }

    private void work() {
        try (connection) {
            connection.setAutoCommit(false);
            for (int i = 0; !stop.await(pause.toMillis(), TimeUnit.MILLISECONDS); i++) {
                if (i == STOCK_TAKE) {
                    takeStock();
                    connection.commit();
                }
                round.get(i % round.size()).run();
                connection.commit();
            }
        } catch (SQLException | RuntimeException e) {
            failure = Optional.of(e);
            onFailure.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void putIntoCart() throws SQLException {
        execute(
                "INSERT INTO carts VALUES (?, ?, 1) ON CONFLICT (customer_id, sku) DO UPDATE SET quantity = carts.quantity + 1",
                anyCustomer(),
                anySku());
    }

    private void checkOut() throws SQLException {
        int order = nextOrder++;
        int customer = anyCustomer();
        execute("INSERT INTO orders VALUES (?, ?, 'new', 0, now())", order, customer);
        int firstSku = random.nextInt(ORDERED_SKUS.size());
        for (int line = 1; line <= 2; line++) {
            String sku = ORDERED_SKUS.get((firstSku + line) % ORDERED_SKUS.size());
            int quantity = 1 + random.nextInt(3);
            execute("INSERT INTO order_items VALUES (?, ?, ?, ?)", order, line, sku, quantity);
            execute("UPDATE products SET stock = stock - ? WHERE sku = ?", quantity, sku);
        }
        execute(
                "UPDATE orders SET total = (SELECT sum(i.quantity * p.price) FROM order_items i JOIN products p USING (sku)"
                        + " WHERE i.order_id = orders.order_id) WHERE order_id = ?",
                order);
        execute("UPDATE customers SET loyalty_points = loyalty_points + 10 WHERE customer_id = ?", customer);
        execute("DELETE FROM carts WHERE customer_id = ?", customer);
    }

    private void changePrice() throws SQLException {
        execute("UPDATE products SET price = price + 0.10 WHERE sku = ?", anySku());
    }

    private void takeDelivery() throws SQLException {
        String sku = anySku();
        execute("INSERT INTO warehouse.deliveries VALUES (?, ?, 50, now())", nextDelivery++, sku);
        execute("UPDATE products SET stock = stock + 50 WHERE sku = ?", sku);
    }

    /** What is on each shelf, all of them in one transaction. */
    private void takeStock() throws SQLException {
        execute(
                "INSERT INTO warehouse.stock_counts SELECT shelf, (?::text[])[1 + shelf % ?], shelf % 97 FROM"
                        + " generate_series(1, ?) AS shelf",
                "{" + String.join(",", ORDERED_SKUS) + "}",
                ORDERED_SKUS.size(),
                SHELVES);
    }

    private void shipOrder() throws SQLException {
        execute("UPDATE orders SET status = 'shipped' WHERE order_id ="
                + " (SELECT min(order_id) FROM orders WHERE status = 'new')");
    }

    /** A key change, which also reaches the order items. */
    private void renameProduct() throws SQLException {
        voucherSeries++;
        execute("UPDATE products SET sku = ? WHERE sku LIKE 'VOUCHER%'", "VOUCHER-" + voucherSeries);
    }

    private void welcomeCustomer() throws SQLException {
        int customer = nextCustomer++;
        execute(
                "INSERT INTO customers VALUES (?, ?, ?, ?, 0, current_date)",
                customer,
                "Customer " + customer,
                "customer" + customer + "@example.com",
                CITIES.get(random.nextInt(CITIES.size())));
    }

    /** The items go with the order. */
    private void cancelOrder() throws SQLException {
        execute("DELETE FROM orders WHERE order_id = (SELECT max(order_id) FROM orders)");
    }

    private void moveCustomer() throws SQLException {
        execute("UPDATE customers SET city = NULLIF(?, city) WHERE customer_id = ?", CITIES.get(0), anyCustomer());
    }

    private void emptyCart() throws SQLException {
        execute("DELETE FROM carts WHERE customer_id = (SELECT min(customer_id) FROM carts)");
    }

    private void dropAllCarts() throws SQLException {
        execute("TRUNCATE carts");
    }

    private int anyCustomer() {
        return 1 + random.nextInt(FIRST_CUSTOMERS);
    }

    private String anySku() {
        return ORDERED_SKUS.get(random.nextInt(ORDERED_SKUS.size()));
    }

    private void execute(String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            statement.executeUpdate();
        }
    }

    /** Ends after the transaction that is under way. */
    @Override
    public void close() {
        stop.countDown();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
