/** Runs the tests of what nova-scheduler loads, which are Python's. */
@NullMarked
package io.penumbra.placement.nova;

import org.jspecify.annotations.NullMarked;
