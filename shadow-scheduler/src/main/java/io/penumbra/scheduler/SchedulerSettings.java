package io.penumbra.scheduler;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * Everything about the control loop that an operator may choose. The defaults are meant to be run
 * with.
 */
public record SchedulerSettings(
    Loop loop,
    Detector detector,
    Confirm confirm,
    Fencing fencing,
    Steps steps,
    Breaker breaker,
    Risk risk,
    Watch watch,
    Shadows shadows) {

  public static SchedulerSettings defaults() {
    return new SchedulerSettings(
        Loop.defaults(),
        Detector.defaults(),
        Confirm.defaults(),
        Fencing.defaults(),
        Steps.defaults(),
        Breaker.defaults(),
        Risk.defaults(),
        Watch.defaults(),
        Shadows.defaults());
  }

  public SchedulerSettings withLoop(Loop changed) {
    return new SchedulerSettings(
        changed, detector, confirm, fencing, steps, breaker, risk, watch, shadows);
  }

  public SchedulerSettings withDetector(Detector changed) {
    return new SchedulerSettings(
        loop, changed, confirm, fencing, steps, breaker, risk, watch, shadows);
  }

  public SchedulerSettings withBreaker(Breaker changed) {
    return new SchedulerSettings(
        loop, detector, confirm, fencing, steps, changed, risk, watch, shadows);
  }

  public SchedulerSettings withRisk(Risk changed) {
    return new SchedulerSettings(
        loop, detector, confirm, fencing, steps, breaker, changed, watch, shadows);
  }

  public SchedulerSettings withWatch(Watch changed) {
    return new SchedulerSettings(
        loop, detector, confirm, fencing, steps, breaker, risk, changed, shadows);
  }

  public SchedulerSettings withShadows(Shadows changed) {
    return new SchedulerSettings(
        loop, detector, confirm, fencing, steps, breaker, risk, watch, changed);
  }

  /**
   * Bounds of the loop itself.
   *
   * @param inboxMax events the inbox holds before {@code offer} answers false
   * @param eventsPerPage events asked of the cloud at once
   * @param claimRetries how often a claim that has gone stale is decided again
   * @param claimTtl how long a claim waits for the cloud to report the VM
   * @param reconcileEvery how often the whole cloud is read again, because events get lost
   * @param journalEntriesMax entries after which the journal is rewritten
   * @param ledgerMax RPO ledger entries that are kept; older ones are forgotten
   * @param seed decides between hosts with equal scores
   */
  public record Loop(
      int inboxMax,
      int eventsPerPage,
      int claimRetries,
      Duration claimTtl,
      Duration reconcileEvery,
      int journalEntriesMax,
      int ledgerMax,
      long seed) {

    public Loop {
      Guard.positive("loop.inboxMax", inboxMax);
      Guard.positive("loop.eventsPerPage", eventsPerPage);
      Guard.notNegative("loop.claimRetries", claimRetries);
      above("loop.claimTtl", claimTtl);
      above("loop.reconcileEvery", reconcileEvery);
      Guard.positive("loop.journalEntriesMax", journalEntriesMax);
      Guard.positive("loop.ledgerMax", ledgerMax);
    }

    public static Loop defaults() {
      return new Loop(
          65_536,
          1_000,
          3,
          Duration.ofMinutes(10),
          Duration.ofMinutes(10),
          20_000,
          100_000,
          20_261_121L);
    }

    public Loop withReconcileEvery(Duration every) {
      return new Loop(
          inboxMax,
          eventsPerPage,
          claimRetries,
          claimTtl,
          every,
          journalEntriesMax,
          ledgerMax,
          seed);
    }

    public Loop withSeed(long changed) {
      return new Loop(
          inboxMax,
          eventsPerPage,
          claimRetries,
          claimTtl,
          reconcileEvery,
          journalEntriesMax,
          ledgerMax,
          changed);
    }
  }

  /**
   * Phi-accrual failure detector (Hayashibara, Defago, Yared, Katayama: The phi accrual failure
   * detector, SRDS 2004) with local health (Dadgar, Phillips, Currey: Lifeguard, 2018).
   *
   * @param interval how far apart heartbeats are expected to be; used until a host has sent enough
   * @param window how many intervals are remembered per host
   * @param phi suspicion level from which a host is suspected
   * @param stdDevMin floor of the standard deviation, so that a punctual host isn't suspected for a
   *     millisecond
   * @param healthMax largest local health score; thresholds stretch by 1 + score
   * @param healthRecovery how long without a sign of our own trouble takes one point off the score
   * @param lateTolerance how late our own clock tick may be before it counts as our own trouble
   * @param massShare share of all hosts that must fall silent together for us to doubt ourselves
   * @param massMin fewest hosts that count as many
   */
  public record Detector(
      Duration interval,
      int window,
      double phi,
      Duration stdDevMin,
      int healthMax,
      Duration healthRecovery,
      Duration lateTolerance,
      double massShare,
      int massMin) {

    public Detector {
      above("detector.interval", interval);
      Guard.positive("detector.window", window);
      Guard.positive("detector.phi", phi);
      above("detector.stdDevMin", stdDevMin);
      Guard.notNegative("detector.healthMax", healthMax);
      above("detector.healthRecovery", healthRecovery);
      above("detector.lateTolerance", lateTolerance);
      Guard.share("detector.massShare", massShare);
      Guard.positive("detector.massMin", massMin);
    }

    public static Detector defaults() {
      return new Detector(
          Duration.ofMillis(100),
          64,
          8.0,
          Duration.ofMillis(40),
          7,
          Duration.ofSeconds(10),
          Duration.ofMillis(200),
          0.2,
          3);
    }
  }

  /**
   * How a suspicion is confirmed through other hosts' eyes.
   *
   * @param timeout how long a probe may take
   * @param recheck how long to wait before a host is probed again that others reach and we don't
   * @param backoffMax longest wait between probes that can't tell
   * @param alertAfter probes that can't tell before a person is called
   */
  public record Confirm(Duration timeout, Duration recheck, Duration backoffMax, int alertAfter) {
    public Confirm {
      above("confirm.timeout", timeout);
      above("confirm.recheck", recheck);
      above("confirm.backoffMax", backoffMax);
      Guard.positive("confirm.alertAfter", alertAfter);
    }

    /**
     * The wait after the first probe that can't tell. Most that can't were answered by an observer
     * that is busy itself, and meanwhile nobody serves: so it is short, and doubles.
     */
    public Duration firstDoubt() {
      return timeout.compareTo(recheck) < 0 ? timeout : recheck;
    }

    public static Confirm defaults() {
      return new Confirm(Duration.ofMillis(500), Duration.ofSeconds(5), Duration.ofMinutes(1), 3);
    }
  }

  /**
   * How an instance is kept from serving.
   *
   * @param timeout how long an answer may take before it counts as unknown
   * @param backoff first wait before asking again; doubles
   * @param backoffMax longest wait before asking again
   */
  public record Fencing(Duration timeout, Duration backoff, Duration backoffMax) {
    public Fencing {
      above("fencing.timeout", timeout);
      above("fencing.backoff", backoff);
      above("fencing.backoffMax", backoffMax);
    }

    public static Fencing defaults() {
      return new Fencing(Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofMinutes(2));
    }
  }

  /**
   * Deadlines and retries of the other steps of a failover.
   *
   * @param sync deadline of the last sync
   * @param activate deadline of bringing the shadow to life
   * @param other deadline of every other step
   * @param retries attempts per step before its way out is taken
   * @param backoff first wait before an attempt is repeated; doubles
   * @param backoffMax longest wait before an attempt is repeated
   * @param concurrencyMax failovers that may be between fencing and activation at once
   */
  public record Steps(
      Duration sync,
      Duration activate,
      Duration other,
      int retries,
      Duration backoff,
      Duration backoffMax,
      int concurrencyMax) {
    public Steps {
      above("steps.sync", sync);
      above("steps.activate", activate);
      above("steps.other", other);
      Guard.positive("steps.retries", retries);
      above("steps.backoff", backoff);
      above("steps.backoffMax", backoffMax);
      Guard.positive("steps.concurrencyMax", concurrencyMax);
    }

    public static Steps defaults() {
      return new Steps(
          Duration.ofMinutes(2),
          Duration.ofMinutes(5),
          Duration.ofSeconds(30),
          3,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          256);
    }
  }

  /**
   * How many failovers are allowed per window. A wrong model or a blind detector must not take down
   * a cloud.
   *
   * @param enabled on by default; off only for those who know why
   * @param window the sliding window in which failovers are counted
   * @param hosts limit on hosts fenced because they were found dead, counted in hosts
   * @param guests limit on failovers of guests on living hosts, counted in VMs
   * @param moves limit on predicted and planned moves, counted in VMs
   */
  public record Breaker(boolean enabled, Duration window, Limit hosts, Limit guests, Limit moves) {
    public Breaker {
      above("breaker.window", window);
    }

    public static Breaker defaults() {
      return new Breaker(
          true,
          Duration.ofMinutes(10),
          new Limit(5, 0.2, 2_000),
          new Limit(10, 0.05, 1_000),
          new Limit(10, 0.02, 500));
    }
  }

  /**
   * A limit per window: {@code share} of the fleet, at least {@code floor} so that a small fleet
   * can be rescued at all, at most {@code most} however large the fleet is.
   */
  public record Limit(int floor, double share, int most) {
    public Limit {
      Guard.notNegative("limit.floor", floor);
      Guard.share("limit.share", share);
      if (most < floor) {
        throw new IllegalArgumentException(
            "limit.most %d is below limit.floor %d; maybe they are swapped".formatted(most, floor));
      }
    }

    /** The limit for a fleet of so many. */
    public int of(int fleet) {
      return Math.min(most, Math.max(floor, (int) Math.floor(share * fleet)));
    }
  }

  /**
   * When risk is answered, and what an outage and a move cost. Costs are in one unit of the
   * operator's choice; only their ratios matter.
   *
   * @param enabled whether risk scores are acted upon at all
   * @param outagePerVcpuHour cost of one vCPU being away for an hour
   * @param outagePerGibHour cost of one GiB of memory being away for an hour
   * @param priorityFactor cost grows by this factor per step of a policy's priority
   * @param movePerGib cost of moving one GiB of memory: network and disturbance
   * @param moveFixed cost of any move: the work of two hosts, and the risk of the move itself
   * @param movePause how long a planned move keeps the VM from serving
   * @param calmFactor a host is calm again below its check threshold times this
   * @param calmAfter how long it must stay there
   * @param growth how far a shadow is grown when risk is up, 0 to 1
   * @param growthBudgetShare share of the fleet's memory that grown shadows may hold besides
   * @param epochFactor epochs are this much closer together while risk is up
   * @param dnsTtlCalm time to live of DNS records in quiet times
   * @param dnsTtlRisk time to live of DNS records while risk is up
   */
  public record Risk(
      boolean enabled,
      double outagePerVcpuHour,
      double outagePerGibHour,
      double priorityFactor,
      double movePerGib,
      double moveFixed,
      Duration movePause,
      double calmFactor,
      Duration calmAfter,
      double growth,
      double growthBudgetShare,
      double epochFactor,
      Duration dnsTtlCalm,
      Duration dnsTtlRisk) {
    public Risk {
      Guard.positive("risk.outagePerVcpuHour", outagePerVcpuHour);
      Guard.positive("risk.outagePerGibHour", outagePerGibHour);
      Guard.positive("risk.priorityFactor", priorityFactor);
      Guard.positive("risk.movePerGib", movePerGib);
      Guard.positive("risk.moveFixed", moveFixed);
      above("risk.movePause", movePause);
      Guard.share("risk.calmFactor", calmFactor);
      above("risk.calmAfter", calmAfter);
      Guard.share("risk.growth", growth);
      Guard.share("risk.growthBudgetShare", growthBudgetShare);
      Guard.share("risk.epochFactor", epochFactor);
      above("risk.dnsTtlCalm", dnsTtlCalm);
      above("risk.dnsTtlRisk", dnsTtlRisk);
    }

    public static Risk defaults() {
      return new Risk(
          true,
          1.0,
          0.25,
          1.1,
          0.0005,
          0.002,
          Duration.ofSeconds(1),
          0.5,
          Duration.ofMinutes(30),
          1.0,
          0.05,
          0.5,
          Duration.ofMinutes(5),
          Duration.ofSeconds(10));
    }

    public Risk withEnabled(boolean changed) {
      return new Risk(
          changed,
          outagePerVcpuHour,
          outagePerGibHour,
          priorityFactor,
          movePerGib,
          moveFixed,
          movePause,
          calmFactor,
          calmAfter,
          growth,
          growthBudgetShare,
          epochFactor,
          dnsTtlCalm,
          dnsTtlRisk);
    }
  }

  /**
   * How long a host is watched after a failover.
   *
   * @param window how long it is kept out of service at least
   */
  public record Watch(Duration window) {
    public Watch {
      above("watch.window", window);
    }

    public static Watch defaults() {
      return new Watch(Duration.ofHours(1));
    }
  }

  /**
   * How shadows are placed and kept.
   *
   * @param createTimeout how long a shadow may take to be complete
   * @param commandTimeout how long other commands to a shadow may take
   * @param retry first wait before a missing shadow is tried again; doubles
   * @param retryMax longest wait before a missing shadow is tried again
   */
  public record Shadows(
      Duration createTimeout, Duration commandTimeout, Duration retry, Duration retryMax) {
    public Shadows {
      above("shadows.createTimeout", createTimeout);
      above("shadows.commandTimeout", commandTimeout);
      above("shadows.retry", retry);
      above("shadows.retryMax", retryMax);
    }

    public static Shadows defaults() {
      return new Shadows(
          Duration.ofHours(1),
          Duration.ofMinutes(5),
          Duration.ofSeconds(30),
          Duration.ofMinutes(30));
    }
  }

  private static void above(String what, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException("%s is %s; expected more than 0".formatted(what, value));
    }
  }
}
