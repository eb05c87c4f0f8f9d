/** Tests of scenario. */
@NullMarked
package io.penumbra.simulator.scenario;

import org.jspecify.annotations.NullMarked;
