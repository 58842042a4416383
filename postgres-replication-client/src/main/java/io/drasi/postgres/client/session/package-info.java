// SPDX-License-Identifier: Apache-2.0
/** Messages over a transport, and what goes on in a session after the login. */
@NullMarked
package io.drasi.postgres.client.session;

import org.jspecify.annotations.NullMarked;
