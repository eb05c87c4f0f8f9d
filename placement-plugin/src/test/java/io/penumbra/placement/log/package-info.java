/** Tests of the decision log: what it keeps, what it refuses, what it says. */
@NullMarked
package io.penumbra.placement.log;

import org.jspecify.annotations.NullMarked;
