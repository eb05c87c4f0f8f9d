/** Failovers and planned migrations: saga, host incidents, order of rescue, breaker, RPO ledger. */
@NullMarked
package io.penumbra.scheduler.failover;

import org.jspecify.annotations.NullMarked;
