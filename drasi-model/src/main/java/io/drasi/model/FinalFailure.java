// SPDX-License-Identifier: Apache-2.0
package io.drasi.model;

/**
 * What an exception is that a subscriber meets and that another attempt with the same event does not help: a source can't read
 * the changes of a transaction any more. An {@link EventHandler} is not called again then, whatever its {@link FailurePolicy}
 * says.
 */
public interface FinalFailure {}
