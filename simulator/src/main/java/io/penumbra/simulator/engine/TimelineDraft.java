package io.penumbra.simulator.engine;

import io.penumbra.domain.fleet.Host;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.Timeline;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.ScenarioInputs;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * Draws the timeline of a run: outages from the schedule, what was done about them from the run.
 */
final class TimelineDraft {

  private static final int OUTAGES_MAX = 4_000;

  private TimelineDraft() {}

  static Timeline of(
      ScenarioInputs inputs, PolicyVariant variant, List<LoopFigures.Mark> done, long until) {
    List<Host> hosts = inputs.fleet().hosts();
    List<String> lanes =
        new ArrayList<>(new TreeSet<>(hosts.stream().map(h -> h.location().rack()).toList()));
    Instant start = inputs.scenario().start();
    Instant end = start.plusNanos(Math.max(1, until));
    List<Timeline.Mark> marks = new ArrayList<>();
    for (HardwareFailure failure : inputs.failures().failures()) {
      Instant from = start.plus(failure.at());
      if (failure.kind() != FailureKind.SLOW && from.isBefore(end) && marks.size() < OUTAGES_MAX) {
        Host host = hosts.get(failure.host());
        Instant back = from.plus(failure.lasts());
        marks.add(
            new Timeline.Mark(
                lane(lanes, host),
                host.id(),
                Timeline.Kind.DOWN,
                from,
                back.isAfter(end) ? end : back,
                "%s: %s %s".formatted(host.id(), failure.kind(), failure.cause())));
      }
    }
    for (LoopFigures.Mark mark : done) {
      Host host = hosts.get(mark.host());
      Instant at = start.plusNanos(mark.at());
      marks.add(new Timeline.Mark(lane(lanes, host), host.id(), mark.kind(), at, at, mark.text()));
    }
    marks.sort(Comparator.comparing(Timeline.Mark::from));
    return new Timeline(variant.title(), start, end, lanes, marks);
  }

  private static int lane(List<String> lanes, Host host) {
    return lanes.indexOf(host.location().rack());
  }
}
