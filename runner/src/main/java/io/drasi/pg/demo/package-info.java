// SPDX-License-Identifier: Apache-2.0
/** The demonstration: a PostgreSQL server of its own, a small shop at work in it, and its changes for people to read. */
@NullMarked
package io.drasi.pg.demo;

import org.jspecify.annotations.NullMarked;
