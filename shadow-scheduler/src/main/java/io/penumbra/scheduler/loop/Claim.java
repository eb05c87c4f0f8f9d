package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import java.time.Instant;
import java.util.List;

/** Capacity promised to a VM that the cloud has not reported yet. */
record Claim(Vm vm, HostId host, List<Held> shadows, Instant expires) {
  Claim {
    shadows = List.copyOf(shadows);
  }

  /** What one shadow was promised. */
  record Held(HostId host, Resources resident, Resources reserve) {}
}
