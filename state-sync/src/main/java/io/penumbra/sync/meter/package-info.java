/**
 * What each stage of an epoch's way has done and how long it took, as Micrometer meters. Wrappers
 * around the ports count, so that the cores know of no meters.
 */
@NullMarked
package io.penumbra.sync.meter;

import org.jspecify.annotations.NullMarked;
