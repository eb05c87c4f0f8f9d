/** Journals under test: one contract for all of them, real databases, real crashes. */
@NullMarked
package io.penumbra.scheduler.journal;

import org.jspecify.annotations.NullMarked;
