// SPDX-License-Identifier: Apache-2.0
/**
 * What can go wrong with a connection, by what the caller can do about it: try again, or stop and fix. Bytes that break
 * the protocol are a {@link io.drasi.postgres.protocol.wire.ProtocolException} instead.
 */
@NullMarked
package io.drasi.postgres.client.error;

import org.jspecify.annotations.NullMarked;
