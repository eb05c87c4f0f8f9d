/**
 * How hosts break and are repaired: laws fitted from field records, and the schedule of failures
 * drawn from them before a run begins.
 */
@NullMarked
package io.penumbra.simulator.hardware;

import org.jspecify.annotations.NullMarked;
