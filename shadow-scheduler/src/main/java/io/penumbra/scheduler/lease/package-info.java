/**
 * The right to serve, as time: what the three parties of a lease keep in mind. {@link
 * io.penumbra.scheduler.lease.LeaseClock} is the agent beside the primary, {@link
 * io.penumbra.scheduler.lease.LeaseGrant} the agent beside the shadow that keeps the lease, {@link
 * io.penumbra.scheduler.lease.LeaseBook} the controller. Pure rules: time comes in as nanoseconds
 * of a clock that only runs forward, each party's own, and no two parties compare theirs. See
 * {@code docs/decisions/0003}.
 *
 * <p>After Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file
 * cache consistency" (SOSP 1989), with the clocks' rates bounded and not their readings. As there,
 * a renewal counts for its holder from the moment it <em>asked</em>, and for its giver from the
 * moment it <em>answered</em>, so a message may take as long as it likes.
 */
@NullMarked
package io.penumbra.scheduler.lease;

import org.jspecify.annotations.NullMarked;
