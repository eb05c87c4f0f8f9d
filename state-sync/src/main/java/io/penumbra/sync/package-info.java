/**
 * Keeps a shadow current: epochs, the ledger of what is acked, and the forecast of what would be
 * lost.
 */
@NullMarked
package io.penumbra.sync;

import org.jspecify.annotations.NullMarked;
