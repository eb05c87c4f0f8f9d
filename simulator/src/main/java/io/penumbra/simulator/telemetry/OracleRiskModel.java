package io.penumbra.simulator.telemetry;

import io.penumbra.domain.Guard;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.RiskScore.RiskDriver;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.placement.risk.RiskModel;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.scenario.DetectionSpec;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A risk model that has read the failure schedule and tells part of it: a given share of the
 * crashes (recall), a given time ahead (lead), among as many false alarms as make a given
 * precision. For experiments on what a prediction of some quality is worth; with precision and
 * recall 1 it is the clairvoyant bound.
 *
 * <p>While an alarm stands, the score is the precision, which is what such an alarm is worth;
 * otherwise it is the rate at which crashes come without one. Which crashes are told is drawn once,
 * so asking twice gives the same answer.
 */
public final class OracleRiskModel implements RiskModel {

  private static final double RISK_MIN = 1e-9;

  private final ScenarioFleet fleet;
  private final Scenario scenario;
  private final DetectionSpec quality;
  private final double calm;
  private final List<List<Alarm>> alarms = new ArrayList<>();

  /** An alarm on one host, in milliseconds of the run. */
  private record Alarm(long from, long until) {}

  /** Takes precision, recall, lead and horizon from the scenario's detection part. */
  public OracleRiskModel(Scenario scenario, ScenarioFleet fleet, FailureSchedule schedule) {
    this(scenario, fleet, schedule, scenario.detection());
  }

  /** Tells the crashes of a scenario's schedule with this quality. */
  public OracleRiskModel(
      Scenario scenario, ScenarioFleet fleet, FailureSchedule schedule, DetectionSpec quality) {
    Guard.positive("oracle precision", quality.oraclePrecision());
    this.scenario = scenario;
    this.fleet = fleet;
    this.quality = quality;
    for (int host = 0; host < fleet.size(); host++) {
      alarms.add(new ArrayList<>(0));
    }
    List<HardwareFailure> crashes = schedule.crashes();
    int told = tell(crashes);
    cryWolf(told);
    double hostMillis = (double) fleet.size() * scenario.duration().toMillis();
    double untold = (crashes.size() - told) / hostMillis * quality.riskHorizon().toMillis();
    this.calm = Math.clamp(untold, RISK_MIN, quality.oraclePrecision());
  }

  private int tell(List<HardwareFailure> crashes) {
    Seeds seeds = scenario.seeds().child("oracle");
    int told = 0;
    for (int i = 0; i < crashes.size(); i++) {
      if (seeds.uniform("recall", i) < quality.oracleRecall()) {
        HardwareFailure crash = crashes.get(i);
        long at = crash.at().toMillis();
        alarms.get(crash.host()).add(new Alarm(at - quality.oracleLead().toMillis(), at));
        told++;
      }
    }
    return told;
  }

  private void cryWolf(int told) {
    RandomGenerator random = scenario.seeds().child("oracle").stream("false alarms");
    double precision = quality.oraclePrecision();
    long wanted = Math.round(told * (1 - precision) / precision);
    for (long i = 0; i < wanted; i++) {
      int host = random.nextInt(fleet.size());
      long from = random.nextLong(scenario.duration().toMillis());
      alarms.get(host).add(new Alarm(from, from + quality.oracleLead().toMillis()));
    }
  }

  @Override
  public String name() {
    return "oracle precision %s recall %s lead %s"
        .formatted(quality.oraclePrecision(), quality.oracleRecall(), quality.oracleLead());
  }

  @Override
  public Duration horizon() {
    return quality.riskHorizon();
  }

  /** The probability for one host at a moment of the run. */
  public double probability(int host, Duration at) {
    long millis = at.toMillis();
    for (Alarm alarm : alarms.get(host)) {
      if (millis >= alarm.from() && millis <= alarm.until()) {
        return quality.oraclePrecision();
      }
    }
    return calm;
  }

  /** When scores rise or fall next, for an event loop that does not want to ask in between. */
  public List<Change> changes() {
    List<Change> changes = new ArrayList<>();
    for (int host = 0; host < alarms.size(); host++) {
      for (Alarm alarm : alarms.get(host)) {
        changes.add(new Change(host, Duration.ofMillis(Math.max(0, alarm.from()))));
        changes.add(new Change(host, Duration.ofMillis(alarm.until() + 1)));
      }
    }
    changes.sort(Comparator.comparing(Change::at).thenComparingInt(Change::host));
    return List.copyOf(changes);
  }

  /** A host's score may differ from this moment of the run on. */
  public record Change(int host, Duration at) {}

  @Override
  public List<RiskScore> score(List<HostTelemetry> samples) {
    return samples.stream().map(this::scoreOf).toList();
  }

  @Override
  public List<RiskScore> explain(List<HostTelemetry> samples) {
    return score(samples);
  }

  private RiskScore scoreOf(HostTelemetry sample) {
    Duration at = Duration.between(scenario.start(), sample.at());
    double probability = probability(fleet.indexOf(sample.host()), at);
    boolean alarmed = probability > calm;
    double logOdds =
        Math.log(Math.min(probability, 1 - RISK_MIN) / Math.max(RISK_MIN, 1 - probability));
    return new RiskScore(
        probability,
        horizon(),
        List.of(new RiskDriver("oracle_alarm", alarmed ? 1 : 0, logOdds)),
        name());
  }

  @Override
  public void close() {
    // Holds nothing outside the heap.
  }
}
