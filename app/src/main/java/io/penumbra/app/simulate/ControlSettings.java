package io.penumbra.app.simulate;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.simulator.scenario.RecordFile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the production control code is set, as an operator would write it:
 *
 * <pre>{@code
 * placement:
 *   weighers:
 *     risk: {primary: -3, shadow: -3}
 * scheduler:
 *   breaker:
 *     hosts: {floor: 3, share: 0.1, most: 500}
 * }</pre>
 *
 * @param placement how placement weighs
 * @param scheduler the loop, the detector, fencing, breaker and what risk is answered with
 */
public record ControlSettings(PlacementSettings placement, SchedulerSettings scheduler) {

  /** What holds when nobody says anything. */
  public static ControlSettings defaults() {
    return new ControlSettings(PlacementSettings.defaults(), SchedulerSettings.defaults());
  }

  /** What the file says over the defaults; unknown keys and weighers are refused. */
  public static ControlSettings from(Optional<Path> file) {
    if (file.isEmpty()) {
      return defaults();
    }
    ControlSettings settings = RecordFile.read(file.get(), defaults());
    try {
      // A placer knows the weighers by name.
      new Placer(new Fleet(FleetSettings.defaults()), settings.placement());
    } catch (IllegalArgumentException unknown) {
      throw new BadInputException(
          file.get() + ": placement", String.valueOf(unknown.getMessage()), "", unknown);
    }
    return settings;
  }
}
