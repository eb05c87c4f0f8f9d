/** Journals: what the loop has decided and done, kept through a crash. */
@NullMarked
package io.penumbra.scheduler.journal;

import org.jspecify.annotations.NullMarked;
