package io.penumbra.adapter.traffic;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.util.Optional;

/** Who is found where. Asked for every command, so it may change while everything runs. */
public interface TrafficDirectory {

  /** How clients find a VM; {@link VmTraffic#none} when nobody looks for it. */
  VmTraffic of(VmId vm);

  /** Where that VM is reached when it is on that host. */
  Optional<HostAddresses> addresses(VmId vm, HostId host);
}
