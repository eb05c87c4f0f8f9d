/** Tests of the gateway. */
@NullMarked
package io.penumbra.adapter.traffic.gateway.control;

import org.jspecify.annotations.NullMarked;
