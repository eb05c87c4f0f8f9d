/**
 * Keeps a shadow current. For now: the ledger of which epoch each shadow has acked, and what
 * follows for its readiness to take over.
 */
@NullMarked
package io.penumbra.sync;

import org.jspecify.annotations.NullMarked;
