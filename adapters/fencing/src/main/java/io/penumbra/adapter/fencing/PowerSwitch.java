package io.penumbra.adapter.fencing;

import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;

/** One way to make sure that nothing on a host serves. There may be several; any proof will do. */
@FunctionalInterface
public interface PowerSwitch {

  /** Switches off and looks. {@code Fenced} only with proof; whoever can't tell says so. */
  FencingResult powerOff(HostId host) throws InterruptedException;
}
