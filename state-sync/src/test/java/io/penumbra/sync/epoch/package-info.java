/** Epochs under test. */
@NullMarked
package io.penumbra.sync.epoch;

import org.jspecify.annotations.NullMarked;
