/** Tests of the gateway. */
@NullMarked
package io.penumbra.adapter.traffic.gateway.frame;

import org.jspecify.annotations.NullMarked;
