/** Tests of telemetry. */
@NullMarked
package io.penumbra.simulator.telemetry;

import org.jspecify.annotations.NullMarked;
