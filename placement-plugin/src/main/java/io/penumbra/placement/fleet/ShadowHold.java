package io.penumbra.placement.fleet;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;

/**
 * What one shadow holds on its host.
 *
 * @param resident its own alone
 * @param reserve needed besides when it is promoted; shared with shadows whose primaries cannot
 *     fail together with its own
 */
public record ShadowHold(HostId host, Resources resident, Resources reserve) {}
