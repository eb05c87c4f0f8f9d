/**
 * Chunks together in packs: a file that is only appended to and forced for many writers at once,
 * and that goes to the object tier whole. One request moves what would otherwise be hundreds.
 */
@NullMarked
package io.penumbra.tiers.pack;

import org.jspecify.annotations.NullMarked;
