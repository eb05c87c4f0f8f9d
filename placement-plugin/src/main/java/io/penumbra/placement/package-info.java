/**
 * Chooses hosts. A request against a fleet gives a pair, a primary host and its shadow hosts, and
 * the reasons with their numbers.
 */
@NullMarked
package io.penumbra.placement;

import org.jspecify.annotations.NullMarked;
