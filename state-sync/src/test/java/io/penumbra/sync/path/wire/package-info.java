/** The frames under test: there and back, and whatever else may come. */
@NullMarked
package io.penumbra.sync.path.wire;

import org.jspecify.annotations.NullMarked;
