package io.penumbra.simulator.report;

import io.penumbra.domain.HostId;
import java.time.Instant;
import java.util.List;

/**
 * What happened to the hosts, and what the control loop did about it, as one policy saw it.
 *
 * @param policy whose run it is
 * @param lanes racks, in the order they are drawn
 * @param marks in time order
 */
public record Timeline(
    String policy, Instant start, Instant end, List<String> lanes, List<Mark> marks) {

  public Timeline {
    lanes = List.copyOf(lanes);
    marks = List.copyOf(marks);
    if (!start.isBefore(end)) {
      throw new IllegalArgumentException(
          "timeline from %s to %s; expected the end after the start".formatted(start, end));
    }
    for (Mark mark : marks) {
      if (mark.lane() < 0 || mark.lane() >= lanes.size()) {
        throw new IllegalArgumentException(
            "mark %s stands in lane %d; expected 0 to %d"
                .formatted(mark.text(), mark.lane(), lanes.size() - 1));
      }
    }
  }

  /**
   * One thing that happened to one host.
   *
   * @param lane index into the lanes
   * @param from when it began
   * @param until when it ended; the same as {@code from} for a moment
   * @param text what a reader sees on pointing at it
   */
  public record Mark(int lane, HostId host, Kind kind, Instant from, Instant until, String text) {}

  /** What happened. */
  public enum Kind {
    /** The host was down from its failure to its repair. */
    DOWN,
    /** The risk model said that it would fail, and it did. */
    PREDICTED,
    /** The risk model said that it would fail, and it did not. */
    FALSE_ALARM,
    /** Its VMs were failed over. */
    FAILOVER,
    /** Its VMs were moved while it still lived. */
    MIGRATED
  }
}
