/**
 * What names chunks: one manifest per kept epoch of a VM, committed by a conditional write, so that
 * of two writers one wins and the other knows it.
 */
@NullMarked
package io.penumbra.tiers.manifest;

import org.jspecify.annotations.NullMarked;
