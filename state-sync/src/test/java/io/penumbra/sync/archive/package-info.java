/** Epochs in the tier store under test. */
@NullMarked
package io.penumbra.sync.archive;

import org.jspecify.annotations.NullMarked;
