/** Every decision, whole, so that it can be read, explained and made again. */
@NullMarked
package io.penumbra.placement.log;

import org.jspecify.annotations.NullMarked;
