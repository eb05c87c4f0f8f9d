/**
 * What hosts show before they break, while they do not, and when they only look as if they would.
 */
@NullMarked
package io.penumbra.simulator.telemetry;

import org.jspecify.annotations.NullMarked;
