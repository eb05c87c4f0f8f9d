package io.penumbra.simulator.engine;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.placement.risk.RiskModel;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.telemetry.OracleRiskModel;
import io.penumbra.simulator.telemetry.SimulatedTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings risk scores to the control loop: in batches over all hosts' telemetry at an interval, or,
 * from an oracle, whenever one changes. Scores far below anything that would be acted on are not
 * sent unless the one before was not: a month of ten thousand calm hosts is no news.
 */
final class RiskFeed {

  /** So many samples at most are scored in a run; a large fleet's interval is stretched to it. */
  private static final double SAMPLES_MAX = 1_500_000;

  private final ScenarioInputs inputs;
  private final Rig rig;
  private final RiskModel model;
  private final double worthTelling;
  private final boolean[] told;
  private final Listener listener;

  /** Is told what the loop is told. */
  interface Listener {
    void scored(int host, RiskScore score);
  }

  RiskFeed(ScenarioInputs inputs, Rig rig, RiskModel model, Listener listener) {
    this.inputs = inputs;
    this.rig = rig;
    this.model = model;
    this.listener = listener;
    this.worthTelling = inputs.scenario().policies().riskCheck() / 2;
    this.told = new boolean[inputs.fleet().size()];
  }

  void start() {
    if (model instanceof OracleRiskModel oracle) {
      change(oracle, oracle.changes(), 0);
    } else {
      batch(
          new SimulatedTelemetry(inputs.scenario(), inputs.fleet(), inputs.failures()),
          interval(inputs));
    }
  }

  /** How far apart batches are for a scenario. */
  static Duration interval(ScenarioInputs inputs) {
    Duration least =
        Duration.ofNanos(
            (long)
                (inputs.scenario().duration().toNanos()
                    * (double) inputs.fleet().size()
                    / SAMPLES_MAX));
    Duration telemetry = inputs.scenario().timing().telemetryInterval();
    return least.compareTo(telemetry) > 0 ? least : telemetry;
  }

  private void change(OracleRiskModel oracle, List<OracleRiskModel.Change> changes, int next) {
    if (next >= changes.size()) {
      return;
    }
    OracleRiskModel.Change change = changes.get(next);
    rig.time()
        .at(
            change.at().toNanos(),
            () -> {
              double probability =
                  oracle.probability(change.host(), Duration.ofNanos(rig.time().nanos()));
              tell(
                  change.host(),
                  new RiskScore(probability, oracle.horizon(), List.of(), oracle.name()));
              change(oracle, changes, next + 1);
            });
  }

  private void batch(SimulatedTelemetry telemetry, Duration interval) {
    rig.time()
        .after(
            interval,
            () -> {
              scoreAll(telemetry);
              batch(telemetry, interval);
            });
  }

  private void scoreAll(SimulatedTelemetry telemetry) {
    Duration at = Duration.ofNanos(rig.time().nanos());
    List<HostTelemetry> samples = new ArrayList<>(inputs.fleet().size());
    List<Integer> hosts = new ArrayList<>(inputs.fleet().size());
    for (int host = 0; host < inputs.fleet().size(); host++) {
      int index = host;
      telemetry
          .sample(host, at)
          .ifPresent(sample -> {
            samples.add(sample);
            hosts.add(index);
          });
    }
    List<RiskScore> scores = model.score(samples);
    for (int i = 0; i < scores.size(); i++) {
      tell(hosts.get(i), scores.get(i));
    }
  }

  private void tell(int host, RiskScore score) {
    boolean worth = score.probability() >= worthTelling;
    if (worth || told[host]) {
      told[host] = worth;
      listener.scored(host, score);
      rig.cloud()
          .emit(
              new Event.HostRiskReported(
                  rig.time().instant(), rig.world().hosts().get(host).id(), score));
    }
  }
}
