/** Leases that run out, or seem to. */
@NullMarked
package io.penumbra.adapter.fencing.lease;

import org.jspecify.annotations.NullMarked;
