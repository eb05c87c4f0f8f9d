package io.penumbra.simulator.telemetry;

import io.penumbra.placement.risk.ObservedTelemetry;
import io.penumbra.placement.risk.TrainingData;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Samples of a scenario's fleet at even intervals, each with what became of its host: all hosts at
 * the first moment, then all hosts at the next.
 */
public final class SimulatedTrainingData implements TrainingData {

  private final Scenario scenario;
  private final SimulatedTelemetry telemetry;
  private final Duration interval;

  /**
   * Samples a scenario.
   *
   * @param interval time between two samples of a host
   */
  public SimulatedTrainingData(Scenario scenario, Duration interval) {
    this(scenario, telemetry(scenario), interval);
  }

  /** Samples telemetry that exists already. */
  public SimulatedTrainingData(Scenario scenario, SimulatedTelemetry telemetry, Duration interval) {
    if (interval.toMillis() < 1) {
      throw new IllegalArgumentException(
          "sampling interval is %s; expected at least 1 ms".formatted(interval));
    }
    this.scenario = scenario;
    this.telemetry = telemetry;
    this.interval = interval;
  }

  private static SimulatedTelemetry telemetry(Scenario scenario) {
    ScenarioFleet fleet = ScenarioFleet.of(scenario);
    return new SimulatedTelemetry(scenario, fleet, FailureSchedule.draw(scenario, fleet));
  }

  @Override
  public String source() {
    return "simulated: scenario %s, seed %d, %d hosts, %s, a sample every %s"
        .formatted(
            scenario.name(),
            scenario.seed(),
            telemetry.fleet().size(),
            scenario.duration(),
            interval);
  }

  @Override
  public long samplesAbout() {
    return Math.ceilDiv(scenario.duration().toMillis(), interval.toMillis())
        * telemetry.fleet().size();
  }

  @Override
  public Iterator<ObservedTelemetry> samples() {
    return new Samples();
  }

  private final class Samples implements Iterator<ObservedTelemetry> {

    private int host;
    private Duration at = Duration.ZERO;
    private Optional<ObservedTelemetry> ready = Optional.empty();

    @Override
    public boolean hasNext() {
      while (ready.isEmpty() && at.compareTo(scenario.duration()) < 0) {
        ready = sample(host, at);
        host++;
        if (host == telemetry.fleet().size()) {
          host = 0;
          at = at.plus(interval);
        }
      }
      return ready.isPresent();
    }

    @Override
    public ObservedTelemetry next() {
      if (!hasNext()) {
        throw new NoSuchElementException("no more samples");
      }
      ObservedTelemetry sample = ready.orElseThrow();
      ready = Optional.empty();
      return sample;
    }

    private Optional<ObservedTelemetry> sample(int index, Duration moment) {
      return telemetry
          .sample(index, moment)
          .map(seen -> new ObservedTelemetry(seen, telemetry.fate(index, moment)));
    }
  }
}
