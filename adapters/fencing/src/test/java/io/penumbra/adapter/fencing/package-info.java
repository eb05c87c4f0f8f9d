/** Every way to fence, and everything that only looks like a proof. */
@NullMarked
package io.penumbra.adapter.fencing;

import org.jspecify.annotations.NullMarked;
