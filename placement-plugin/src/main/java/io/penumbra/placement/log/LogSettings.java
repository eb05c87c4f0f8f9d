package io.penumbra.placement.log;

/**
 * How much a decision log keeps.
 *
 * @param segmentBytesMax a new segment is begun when the changes and decisions in the current one
 *     reach this many bytes; the fleet snapshot at its start is not counted
 * @param segmentsMax when a segment is begun beyond this many, the oldest is deleted
 * @param inlineVerdictsHostsMax up to this many hosts, a decision's line carries what every filter
 *     and weigher said of every host; above, that table is computed again from the logged fleet
 *     when somebody asks
 */
public record LogSettings(long segmentBytesMax, int segmentsMax, int inlineVerdictsHostsMax) {

  public LogSettings {
    if (segmentBytesMax < 1 || segmentsMax < 1 || inlineVerdictsHostsMax < 0) {
      throw new IllegalArgumentException(
          "segmentBytesMax %d, segmentsMax %d, inlineVerdictsHostsMax %d; expected at least 1, 1, 0"
              .formatted(segmentBytesMax, segmentsMax, inlineVerdictsHostsMax));
    }
  }

  /**
   * 64 MiB a segment, 16 segments, tables inline up to 16 hosts: of 100 hosts a table is 300 kB of
   * JSON, most of what a decision then costs.
   */
  public static LogSettings defaults() {
    return new LogSettings(64L << 20, 16, 16);
  }
}
