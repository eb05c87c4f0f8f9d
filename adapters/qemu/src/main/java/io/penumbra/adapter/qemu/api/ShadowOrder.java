package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;

/**
 * Prepare a shadow, so that the primary's agent can fill it.
 *
 * @param primary where the primary is
 * @param term the primary's: older state than that doesn't make the shadow complete
 * @param refill to fill one that stands already; where there is none, none is made
 */
public record ShadowOrder(
    VmSpec spec, HostId primary, long term, ShadowMode mode, Resources resident, boolean refill) {}
