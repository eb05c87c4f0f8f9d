package io.penumbra.simulator.world;

import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;

/** One VM on one host: the VM itself, or a shadow of it. */
public final class Instance {

  /** What it is there for. */
  public enum Role {
    PRIMARY,
    SHADOW
  }

  /** What it is doing. */
  public enum State {
    /** A shadow that waits, filled or being filled. */
    WAITING,
    /** It is being brought to life. */
    STARTING,
    /** The guest runs and answers whoever reaches it. */
    SERVING,
    /** The guest is held; it could run on. */
    PAUSED,
    /** The guest is dead: crashed, stopped, or its host went down. */
    STOPPED
  }

  private final WorldVm vm;
  private final WorldHost host;
  private final EpochClock epochs;
  private final Replica replica = new Replica();
  private final Lease lease = new Lease();
  Role role;
  State state;
  ShadowMode mode;
  Resources held;
  boolean removed;
  boolean stopsAcking;
  boolean stoppedByLease;
  boolean pausedForSync;
  boolean fenced;
  boolean frozen;
  long bootedAt;
  long stoppedAt;
  int fillAttempt;
  long term;

  Instance(
      WorldVm vm, WorldHost host, Role role, ShadowMode mode, Resources held, EpochClock epochs) {
    this.vm = vm;
    this.host = host;
    this.role = role;
    this.mode = mode;
    this.held = held;
    this.epochs = epochs;
    this.state = role == Role.PRIMARY ? State.STARTING : State.WAITING;
  }

  public WorldVm vm() {
    return vm;
  }

  public WorldHost host() {
    return host;
  }

  public Role role() {
    return role;
  }

  public State state() {
    return state;
  }

  public ShadowMode mode() {
    return mode;
  }

  /** What it takes of its host now. */
  public Resources held() {
    return held;
  }

  public boolean serving() {
    return state == State.SERVING;
  }

  public boolean isShadow() {
    return role == Role.SHADOW;
  }

  /** Its own epochs, when it is a primary. */
  public EpochClock epochs() {
    return epochs;
  }

  /** Under which term it was last made the primary. */
  public long term() {
    return term;
  }

  /** How far it follows, when it is a shadow. */
  public Replica replica() {
    return replica;
  }

  /** When the guest's memory began, in nanoseconds since start; a promotion carries it on. */
  public long bootedAt() {
    return bootedAt;
  }

  /** When it was last stopped, in nanoseconds since start. */
  public long stoppedAt() {
    return stoppedAt;
  }

  /** Whether it is held for a planned move. */
  public boolean pausedForItsLastSync() {
    return pausedForSync;
  }

  /** Whether something was ordered to keep it from serving. */
  public boolean fenced() {
    return fenced;
  }

  Lease lease() {
    return lease;
  }

  @Override
  public String toString() {
    return "%s of %s on %s (%s)".formatted(role, vm.id(), host, state);
  }
}
