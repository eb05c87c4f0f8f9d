package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import java.util.Optional;

/**
 * Make a shadow of what the tier store has of a VM, on a host that has none of it.
 *
 * @param primary where the primary was
 * @param term the primary's
 * @param resident what the shadow holds from the start
 * @param epoch as the controller counts; without it the newest that can be restored
 */
public record RestoreOrder(HostId primary, long term, Resources resident, Optional<Long> epoch) {}
