/** {@code penumbra train}: from telemetry whose outcome is known to a risk model. */
@NullMarked
package io.penumbra.app.train;

import org.jspecify.annotations.NullMarked;
