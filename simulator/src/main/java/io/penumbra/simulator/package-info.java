/** The production control code in virtual time, on hardware that ages and breaks. */
@NullMarked
package io.penumbra.simulator;

import org.jspecify.annotations.NullMarked;
