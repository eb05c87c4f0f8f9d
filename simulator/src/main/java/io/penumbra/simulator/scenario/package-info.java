/**
 * What a simulation is about, as one tree of records: read from YAML, changed by flags, complete
 * with defaults, and strict about what it does not know.
 */
@NullMarked
package io.penumbra.simulator.scenario;

import org.jspecify.annotations.NullMarked;
