package io.penumbra.adapter.openstack;

import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;

/** Switches hosts off, by a way that has nothing to do with the cloud. */
@FunctionalInterface
public interface HostPower {

  /** Switches a host off and reads back that it is off. */
  FencingResult powerOff(HostId host) throws InterruptedException;

  /** There is no such way. */
  static HostPower none() {
    return host -> new FencingResult.Unknown("%s has no management controller".formatted(host));
  }
}
