/**
 * What a run is given and what it gives: the inputs that every policy gets alike, the policies, the
 * ledger of outages in which the columns of the comparison are defined, and the result.
 */
@NullMarked
package io.penumbra.simulator.run;

import org.jspecify.annotations.NullMarked;
