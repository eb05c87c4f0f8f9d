/** Tests of {@code penumbra train}. */
@NullMarked
package io.penumbra.app.train;

import org.jspecify.annotations.NullMarked;
