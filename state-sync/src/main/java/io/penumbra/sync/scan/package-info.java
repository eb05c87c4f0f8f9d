/**
 * Finds what has changed since the last cut, at the speed of memory, and copies it out: the cut.
 * The copy is what is hashed and sent, so whatever a writer does meanwhile, hash and bytes belong
 * together.
 */
@NullMarked
package io.penumbra.sync.scan;

import org.jspecify.annotations.NullMarked;
