/** Tests of hardware. */
@NullMarked
package io.penumbra.simulator.hardware;

import org.jspecify.annotations.NullMarked;
