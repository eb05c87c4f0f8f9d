/**
 * What placement knows of the hosts, kept as columns and indexes so that a decision touches only
 * hosts that can win.
 */
@NullMarked
package io.penumbra.placement.fleet;

import org.jspecify.annotations.NullMarked;
