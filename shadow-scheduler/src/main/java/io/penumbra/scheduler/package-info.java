/** Who gets a shadow, where, how large, how fresh, and when it takes over. */
@NullMarked
package io.penumbra.scheduler;

import org.jspecify.annotations.NullMarked;
