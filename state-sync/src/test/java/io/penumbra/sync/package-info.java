/** The epoch ledger under test. */
@NullMarked
package io.penumbra.sync;

import org.jspecify.annotations.NullMarked;
