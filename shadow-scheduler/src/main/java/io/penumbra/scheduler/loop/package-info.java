/** The single writer: folds events, decides, journals, and only then commands. */
@NullMarked
package io.penumbra.scheduler.loop;

import org.jspecify.annotations.NullMarked;
