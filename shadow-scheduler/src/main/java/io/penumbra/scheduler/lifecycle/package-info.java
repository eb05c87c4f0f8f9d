/** How a shadow comes to be, changes, takes over and goes, as a transition table. */
@NullMarked
package io.penumbra.scheduler.lifecycle;

import org.jspecify.annotations.NullMarked;
