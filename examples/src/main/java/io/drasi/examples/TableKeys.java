// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.List;

/**
 * Specification, "TableKeyConfig". A configured key takes the place of the primary key. {@code users} and {@code
 * public.users} name the same table; one in another schema is written {@code sales.orders}.
 */
final class TableKeys {
    /** Gives element ids like {@code users:12345}. */
    static final TableKeyConfig SINGLE = new TableKeyConfig("users", List.of("user_id"));

    /** Gives element ids like {@code order_items:1001_5}. */
    static final TableKeyConfig COMPOSITE = new TableKeyConfig("order_items", List.of("order_id", "item_id"));

    private TableKeys() {}
}
