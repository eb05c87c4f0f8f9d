package io.penumbra.simulator.workload;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.Resources;

/** A size template. */
public record Flavor(FlavorId id, Resources size) {}
