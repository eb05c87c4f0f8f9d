/** Clients that follow their VM, past real load balancers and name servers. */
@NullMarked
package io.penumbra.adapter.traffic;

import org.jspecify.annotations.NullMarked;
