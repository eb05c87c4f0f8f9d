package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord.StepTiming;
import io.penumbra.scheduler.failover.SagaStep;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** One VM's failover under way. Mutable; owned by the loop. */
final class Saga {
  final SagaId id;
  final VmId vm;
  final HostId from;
  final Instant suspectedAt;
  FailoverReason reason;
  SagaStep step = SagaStep.QUEUED;
  int attempt = 1;

  /** Counts everything this saga has asked for; part of every command id, so none comes twice. */
  int serial;

  /** The serial with which the present round of fencing began; older answers are void. */
  int roundFrom;

  /** Ids of commands this saga waits for, or has waited for. */
  final List<CommandId> asked = new ArrayList<>();

  int outstanding;

  /** How often every shadow was tried in vain, and until when not to look again because of it. */
  int rounds;

  Instant lookNotBefore = Instant.MIN;
  boolean told;

  /** Its process was seen to end; not remembered, for asking once more does no harm. */
  boolean ended;

  Instant stepSince;

  /** Whether the old primary is taken to be alive, so that nothing need be lost. */
  boolean primaryAlive;

  Optional<HostId> target = Optional.empty();

  /** Shadows that could not take over; asked again only when all others could not either. */
  final TreeSet<HostId> tried = new TreeSet<>();

  /** Why the old primary cannot serve. Nothing is activated while this is empty. */
  Optional<String> proof = Optional.empty();

  /** The verified epoch the target has; set by the last sync and void with the target. */
  Optional<Long> epoch = Optional.empty();

  /** What was asked for before its step has come; not remembered, for the step asks once more. */
  final EnumMap<SagaStep, Ahead> ahead = new EnumMap<>(SagaStep.class);

  /** A step's question, and its answer once there is one, at the serial that it will have. */
  record Ahead(int serial, Optional<Outcome> answer) {}

  /** The term that its activation, or its resumption of the old primary, was given. */
  Optional<Long> term = Optional.empty();

  /** An activation that was asked for may have worked without our hearing of it. */
  boolean unheard;

  /** Where a shadow may have come to life unheard. */
  Optional<HostId> mayRunOn = Optional.empty();

  /** Whose agent was asked to let the VM run on. */
  Optional<HostId> resuming = Optional.empty();

  /** The epoch from which a shadow may have come to life unheard; nothing older is tried then. */
  Optional<Long> activatedFrom = Optional.empty();

  long epochsLost;
  Duration age = Duration.ZERO;
  long bytesLost;
  boolean zeroLoss;
  Optional<Instant> promotedAt = Optional.empty();
  boolean verified;
  boolean recorded;

  /** Failed attempts in this step wait for a timer; no command is out. */
  boolean waiting;

  final Map<SagaStep, StepTiming> timings = new EnumMap<>(SagaStep.class);

  Saga(SagaId id, VmId vm, HostId from, FailoverReason reason, Instant suspectedAt, Instant now) {
    this.id = id;
    this.vm = vm;
    this.from = from;
    this.reason = reason;
    this.suspectedAt = suspectedAt;
    this.stepSince = now;
    this.primaryAlive = reason.primaryAlive();
  }

  /** What was asked for this step before it came, if it is what the step would ask for. */
  Optional<Ahead> askedAhead() {
    return Optional.ofNullable(ahead.get(step)).filter(asked -> asked.serial() == serial);
  }

  /** Whether it counts against the bound on concurrent failovers. */
  boolean holdsSlot() {
    return switch (step) {
      case CONFIRM, ALLOCATE, LAST_SYNC, ACTIVATE -> true;
      // One that cannot be fenced must not keep others from being rescued.
      case FENCE -> attempt == 1;
      default -> false;
    };
  }

  void clock(Instant now) {
    StepTiming before = timings.getOrDefault(step, new StepTiming(step, Duration.ZERO, 0));
    timings.put(
        step,
        new StepTiming(
            step, before.took().plus(Duration.between(stepSince, now)), before.attempts() + 1));
  }

  List<StepTiming> timingList() {
    return new ArrayList<>(timings.values());
  }
}
