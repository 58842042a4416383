// SPDX-License-Identifier: Apache-2.0
/** What replication commands are given and what they and the stream yield. */
@NullMarked
package io.drasi.postgres.client.replication;

import org.jspecify.annotations.NullMarked;
