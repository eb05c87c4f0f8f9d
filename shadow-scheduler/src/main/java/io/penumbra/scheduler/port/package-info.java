/** What the control loop needs of the world. Real clouds and the simulator implement the same. */
@NullMarked
package io.penumbra.scheduler.port;

import org.jspecify.annotations.NullMarked;
