package io.penumbra.simulator.world;

import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One VM as it really is: every instance of it, and where its clients are sent. */
public final class WorldVm {

  private final long createdAt;
  private final SyncFigures sync;
  private final int number;
  private final List<Instance> instances = new ArrayList<>();
  Vm vm;
  boolean deleted;

  /** Whether it is among those that {@link World#takeChanged} will hand out next. */
  boolean changed;

  @Nullable Instance current;
  @Nullable WorldHost loadBalancer;
  @Nullable WorldHost dns;
  long policyChangedAt = Long.MIN_VALUE / 2;
  boolean stored;
  long storedTerm;
  long storedEpoch;
  long storedClosedAt;
  final CommandDesk.Lane commands = new CommandDesk.Lane();

  WorldVm(Vm vm, int number, long createdAt, SyncFigures sync) {
    this.vm = vm;
    this.number = number;
    this.sync = sync;
    this.createdAt = createdAt;
  }

  public Vm vm() {
    return vm;
  }

  public VmId id() {
    return vm.id();
  }

  /** When its owner asked for it, in nanoseconds since start. */
  public long createdAt() {
    return createdAt;
  }

  /** Whether its owner no longer wants it. */
  public boolean deleted() {
    return deleted;
  }

  /** Every instance of it, in the order they came. */
  public List<Instance> instances() {
    return Collections.unmodifiableList(instances);
  }

  /** The instance that the cloud's books call the VM. */
  public Optional<Instance> current() {
    return Optional.ofNullable(current);
  }

  /** Where the load balancer sends clients. */
  public Optional<WorldHost> loadBalancer() {
    return Optional.ofNullable(loadBalancer);
  }

  /** Where the name points. */
  public Optional<WorldHost> dns() {
    return Optional.ofNullable(dns);
  }

  /** Its place in the workload. */
  public int number() {
    return number;
  }

  /** How long its state takes to travel. */
  public SyncFigures sync() {
    return sync;
  }

  /** When its owner last changed how it is protected, in nanoseconds since start. */
  public long policyChangedAt() {
    return policyChangedAt;
  }

  /** Its instance on that host, when there is one. */
  public Optional<Instance> on(WorldHost host) {
    for (Instance instance : instances) {
      if (instance.host() == host) {
        return Optional.of(instance);
      }
    }
    return Optional.empty();
  }

  /** Its shadows, in the order they came. */
  public List<Instance> shadows() {
    List<Instance> shadows = new ArrayList<>(1);
    for (Instance instance : instances) {
      if (instance.isShadow()) {
        shadows.add(instance);
      }
    }
    return shadows;
  }

  /** Whether clients are answered: the current instance serves, and they are sent to it. */
  public boolean answers() {
    for (Instance instance : instances) {
      if (instance.serving() && instance.host() == loadBalancer) {
        return true;
      }
    }
    return false;
  }

  void add(Instance instance) {
    instances.add(instance);
  }

  void remove(Instance instance) {
    instances.remove(instance);
  }

  @Override
  public String toString() {
    return vm.id().value();
  }
}
