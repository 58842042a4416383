// SPDX-License-Identifier: Apache-2.0
/**
 * Small programs that use the source: one class for each example of Drasi's specification of the PostgreSQL source, and
 * {@link io.drasi.examples.OpenOrders}, a complete program that keeps its position.
 */
@NullMarked
package io.drasi.examples;

import org.jspecify.annotations.NullMarked;
