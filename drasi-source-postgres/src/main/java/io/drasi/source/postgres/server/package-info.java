// SPDX-License-Identifier: Apache-2.0
/** What is asked of the server before and beside the stream: checks, slots, and errors turned into advice. */
@NullMarked
package io.drasi.source.postgres.server;

import org.jspecify.annotations.NullMarked;
