package io.penumbra.domain.event;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.EffectivePolicy;
import java.time.Instant;
import java.util.Optional;

/** A fact that the control loop is told. */
public sealed interface Event {

  /** When it happened, by the clock of whoever saw it. */
  Instant at();

  /** A VM runs on a host. Consumes the claim, when there is one. */
  record VmCreated(Instant at, Vm vm, HostId host) implements Event {}

  /** A VM is gone because its owner wanted it so. */
  record VmDeleted(Instant at, VmId vm) implements Event {}

  /** A VM wants to be protected differently from now on. */
  record VmPolicyChanged(Instant at, VmId vm, EffectivePolicy policy) implements Event {}

  /**
   * The guest stopped working while its host is well: a crash, a hang, a failed probe.
   *
   * @param ended the term in which it served, when whoever says so has seen its process end: it
   *     can't answer any more, so nobody need be asked whether it does
   */
  record GuestFailed(Instant at, VmId vm, String symptom, Optional<Long> ended) implements Event {

    /** One that may be well all the same. */
    public GuestFailed(Instant at, VmId vm, String symptom) {
      this(at, vm, symptom, Optional.empty());
    }
  }

  /** The shadow on a host no longer exists, or can no longer be used. */
  record ShadowLost(Instant at, VmId vm, HostId host, String reason) implements Event {}

  /**
   * A shadow could not go on with the memory that it had: its guest runs, but was booted anew from
   * its disks as they were at the epoch that was to be gone on from.
   */
  record BootedFromDisks(Instant at, VmId vm, HostId host, String reason) implements Event {}

  record HostDiscovered(Instant at, Host host) implements Event {}

  record HostRemoved(Instant at, HostId host) implements Event {}

  /** The cloud says what a host may be used for: maintenance, repaired and back, switched off. */
  record HostConditionReported(Instant at, HostId host, HostCondition condition) implements Event {}

  record HostRiskReported(Instant at, HostId host, RiskScore risk) implements Event {}

  /**
   * A host's heartbeats have stayed away for longer than is plausible.
   *
   * @param phi suspicion level (Hayashibara et al. 2004): minus log10 of the probability that the
   *     next heartbeat is merely late
   */
  record HostSuspected(Instant at, HostId host, double phi) implements Event {}

  /** A suspected host's heartbeats are back. */
  record HostTrusted(Instant at, HostId host) implements Event {}

  /** What became of a command. May come more than once, and late. */
  record CommandReported(Instant at, CommandId command, Outcome outcome) implements Event {}
}
