package io.penumbra.simulator.world;

import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One physical machine as it really is. */
public final class WorldHost {

  private final int index;
  private final Host host;
  private final List<Instance> instances = new ArrayList<>();
  boolean powered = true;
  boolean broken;
  boolean agentHung;
  boolean feedDown;
  boolean resetting;
  boolean frozen;
  boolean quarantined;
  long stoppedAt;
  final CommandDesk.Lane commands = new CommandDesk.Lane();
  boolean bmcAnswers = true;
  double clockRate = 1;
  HostCondition condition = HostCondition.UP;

  WorldHost(int index, Host host) {
    this.index = index;
    this.host = host;
  }

  /** Its number in the network. */
  public int index() {
    return index;
  }

  public Host host() {
    return host;
  }

  public HostId id() {
    return host.id();
  }

  /** Whether its hypervisor runs, so that guests on it can. */
  public boolean running() {
    return powered && !broken && !feedDown && !resetting;
  }

  /** Whether its agent does its work. */
  public boolean agentWorks() {
    return running() && !agentHung && !frozen;
  }

  /** Whether it waits for a repair. */
  public boolean broken() {
    return broken;
  }

  public boolean powered() {
    return powered;
  }

  /** Whether its management controller answers; it is fed by the same power. */
  public boolean bmcAnswers() {
    return bmcAnswers && !feedDown;
  }

  /** Whether it has stopped at least once in this run. */
  public boolean everStopped() {
    return stoppedAt > 0;
  }

  /** How fast its clock runs: 1 is true time. */
  public double clockRate() {
    return clockRate;
  }

  /** What the cloud says of it. */
  public HostCondition condition() {
    return condition;
  }

  /** Everything on it, in the order it came. */
  public List<Instance> instances() {
    return Collections.unmodifiableList(instances);
  }

  void add(Instance instance) {
    instances.add(instance);
  }

  void remove(Instance instance) {
    instances.remove(instance);
  }

  @Override
  public String toString() {
    return host.id().value();
  }
}
