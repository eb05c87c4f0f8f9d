/**
 * A gateway in front of a VM's TCP service. It knows which requests the VM had been told when an
 * epoch was cut, tells a shadow that takes over what came after, once and in order, and with output
 * commit lets no response leave before its epoch is acked. It stands beside the clients or the load
 * balancer, never on the primary's host. See docs/decisions/0016-request-gateway.md.
 */
@NullMarked
package io.penumbra.adapter.traffic.gateway;

import org.jspecify.annotations.NullMarked;
