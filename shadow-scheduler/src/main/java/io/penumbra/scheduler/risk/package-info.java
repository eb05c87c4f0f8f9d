/** What a risk score is answered with: nothing, a closer look, or a move that pays. */
@NullMarked
package io.penumbra.scheduler.risk;

import org.jspecify.annotations.NullMarked;
