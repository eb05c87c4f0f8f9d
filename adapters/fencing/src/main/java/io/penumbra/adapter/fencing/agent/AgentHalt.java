package io.penumbra.adapter.fencing.agent;

import io.penumbra.adapter.fencing.PowerSwitch;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;

/** A host whose agent answers need not lose its power: its agent stops what serves there. */
public record AgentHalt(HostAgents agents) implements PowerSwitch {

  @Override
  public FencingResult powerOff(HostId host) throws InterruptedException {
    return agents.stopAll(host);
  }
}
