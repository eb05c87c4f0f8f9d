/** Fencing by waiting: docs/decisions/0003. */
@NullMarked
package io.penumbra.adapter.fencing.lease;

import org.jspecify.annotations.NullMarked;
