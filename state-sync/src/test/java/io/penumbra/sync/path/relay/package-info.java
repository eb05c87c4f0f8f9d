/** A TCP relay that delays, throttles, spoils and cuts what goes through it. */
@NullMarked
package io.penumbra.sync.path.relay;

import org.jspecify.annotations.NullMarked;
