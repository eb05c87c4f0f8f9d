/** Tests of training, saving, opening and asking risk models. */
@NullMarked
package io.penumbra.placement.risk;

import org.jspecify.annotations.NullMarked;
