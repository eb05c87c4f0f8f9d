/** Leases in the hands of slow clocks, lost messages and restarts. */
@NullMarked
package io.penumbra.scheduler.lease;

import org.jspecify.annotations.NullMarked;
