package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.failover.WatchOutcome;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the loop knows, for checkers, reports and the dashboard. Reads the living state: look at it
 * on the loop's thread, between steps. Lists are sorted by id unless they say otherwise.
 */
public interface LoopView {

  int vmCount();

  /** Every VM that is claimed or runs. Costs a sort; meant for reports, not for every step. */
  List<VmId> vms();

  Optional<VmView> vm(VmId vm);

  /** Sagas that are not at an end. */
  List<SagaView> sagas();

  Optional<SagaView> sagaOf(VmId vm);

  /** Hosts that are suspected, held, being fenced or fenced. */
  List<IncidentView> incidents();

  /** The state of the failover breaker, one line per kind of failover. */
  List<BreakerView> breakers();

  /** Hosts that are watched after a failover. */
  List<WatchView> watches();

  /** The RPO ledger, oldest first, as far as it is kept. */
  List<FailoverRecord> ledger();

  /** What watching showed, oldest first, as far as it is kept. */
  List<WatchOutcome> watchOutcomes();

  /** How often things happened since start. */
  Counts counts();

  /**
   * One VM.
   *
   * @param claimed true while the cloud has not reported it yet
   * @param saga the saga that moves it, if one does
   * @param epochFloor the highest acked epoch the loop knows of; nothing older may be promoted
   *     while a shadow that has it is left
   */
  record VmView(
      Vm vm,
      HostId host,
      boolean claimed,
      List<ShadowView> shadows,
      Optional<SagaId> saga,
      long epochFloor) {
    public VmView {
      shadows = List.copyOf(shadows);
    }

    /** Whether a shadow could take over if the primary failed now. */
    public boolean isProtected() {
      return shadows.stream().anyMatch(ShadowView::protects);
    }
  }

  /**
   * One shadow.
   *
   * @param protects whether it could take over if the primary failed now: it is complete, has the
   *     state of the present primary and not of an earlier one, and its host is not dead
   */
  record ShadowView(HostId host, ShadowMode mode, ShadowState state, boolean protects) {}

  /**
   * One failover under way.
   *
   * @param target the shadow that is to take over, once one is chosen
   * @param fencingProof why the old primary cannot serve, once that is certain
   * @param epoch the verified epoch it will start from, once known
   */
  record SagaView(
      SagaId id,
      VmId vm,
      FailoverReason reason,
      SagaStep step,
      int attempt,
      HostId from,
      Optional<HostId> target,
      Optional<String> fencingProof,
      Optional<Long> epoch,
      Instant suspectedAt,
      Instant stepSince) {}

  /** Trouble with one host. */
  record IncidentView(String id, HostId host, String state, Instant since) {}

  /**
   * One kind of failover and its limit.
   *
   * @param kind {@code hosts}, {@code guests} or {@code moves}
   * @param limit how many are allowed within the window for the fleet as it is
   * @param held how many wait because of it
   * @param admitted when those within the window were let through, oldest first
   */
  record BreakerView(
      String kind, Duration window, int limit, int held, boolean open, List<Admission> admitted) {
    public BreakerView {
      admitted = List.copyOf(admitted);
    }
  }

  /** One failover the breaker let through; the subject is a host or a VM. */
  record Admission(Instant at, String subject) {}

  /** One host under watch. */
  record WatchView(HostId host, FailoverReason reason, Instant since, Instant notBefore) {}

  /** How often things happened since start. */
  record Counts(
      long steps,
      long events,
      long commands,
      long placements,
      long refusals,
      long staleClaims,
      long ignoredReports,
      long alerts,
      long failovers,
      long calledOff) {}
}
