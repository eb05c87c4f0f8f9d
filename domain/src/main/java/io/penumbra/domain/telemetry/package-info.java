/**
 * What is measured of hosts and of the guests on them. Measurements are doubles; NaN means "not
 * measured", which a risk model has learned to do without.
 */
@NullMarked
package io.penumbra.domain.telemetry;

import org.jspecify.annotations.NullMarked;
