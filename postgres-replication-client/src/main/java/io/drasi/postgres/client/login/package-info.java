// SPDX-License-Identifier: Apache-2.0
/** From settings to a session: which address, whether encrypted, and how the user proves who it is. */
@NullMarked
package io.drasi.postgres.client.login;

import org.jspecify.annotations.NullMarked;
