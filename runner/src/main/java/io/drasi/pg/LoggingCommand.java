// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import java.util.concurrent.Callable;

/** A command; its result is the exit code. */
interface LoggingCommand extends Callable<Integer> {
    LogArguments log();
}
