/** Frames under test. */
@NullMarked
package io.penumbra.sync.frame;

import org.jspecify.annotations.NullMarked;
