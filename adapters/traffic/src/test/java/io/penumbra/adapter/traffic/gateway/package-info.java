/** Tests of the gateway. */
@NullMarked
package io.penumbra.adapter.traffic.gateway;

import org.jspecify.annotations.NullMarked;
