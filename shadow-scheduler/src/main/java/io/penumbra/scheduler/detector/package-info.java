/** Tells a dead host from a late heartbeat, and doubts itself before it doubts others. */
@NullMarked
package io.penumbra.scheduler.detector;

import org.jspecify.annotations.NullMarked;
