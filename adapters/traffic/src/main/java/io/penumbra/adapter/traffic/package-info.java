/** Load balancers, name servers, and the gateway in front of a guest's service. */
@NullMarked
package io.penumbra.adapter.traffic;

import org.jspecify.annotations.NullMarked;
