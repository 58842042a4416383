// SPDX-License-Identifier: Apache-2.0
/** Those who listen: their queues, what they have been given and what they have confirmed. */
@NullMarked
package io.drasi.source.postgres.subscription;

import org.jspecify.annotations.NullMarked;
