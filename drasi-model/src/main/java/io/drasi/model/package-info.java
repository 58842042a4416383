// SPDX-License-Identifier: Apache-2.0
/**
 * Drasi's graph model of a source: elements, their values, the changes a source makes to them, and the contract between
 * a source and those who subscribe to it. Names mirror Drasi's own.
 */
@NullMarked
package io.drasi.model;

import org.jspecify.annotations.NullMarked;
