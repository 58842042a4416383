// SPDX-License-Identifier: Apache-2.0
/** Where a server is, who logs in, and how. */
@NullMarked
package io.drasi.postgres.client.settings;

import org.jspecify.annotations.NullMarked;
