package io.penumbra.adapter.openstack;

import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;

/**
 * How a cloud is looked after.
 *
 * @param reportInterval Nova's report_interval: how often a nova-compute says that it lives
 * @param servicesEvery how often those reports are read
 * @param changesEvery how often servers that have changed are asked for, notifications or not
 * @param everythingEvery how often everything is read
 * @param coldSource what a cold shadow starts from
 * @param standby whether a warm shadow may be kept where there is no node agent: a server that has
 *     booted from the newest snapshot and waits, paused. It never has its primary's memory.
 * @param trustForcedDown whether a host that somebody else has forced down counts as switched off.
 *     Nova asks for no less of whoever does that, but only the operator knows who does
 * @param retire what becomes of an old primary
 * @param refresh how new the states of shadows are kept
 * @param serverWithin how long a server may take to get where it is asked to be, and a stopped one
 *     may wait for its last state
 */
public record OpenStackSettings(
    Duration reportInterval,
    Duration servicesEvery,
    Duration changesEvery,
    Duration everythingEvery,
    ColdSource coldSource,
    boolean standby,
    boolean trustForcedDown,
    Retire retire,
    Refresh refresh,
    Duration serverWithin) {

  /**
   * How new the states of shadows are kept, within what their policies ask for.
   *
   * @param shortest the least time between two states of a VM; ten times that of a standby, which
   *     boots anew for each
   * @param atOnce how many VMs' states are cut at once
   * @param within how long a state may take to be stored; a large disk takes its time
   */
  public record Refresh(Duration shortest, int atOnce, Duration within) {

    /** A standby boots anew for each state. */
    private static final int STANDBY_FACTOR = 10;

    public Refresh {
      if (!shortest.isPositive() || atOnce < 1 || !within.isPositive()) {
        throw new IllegalArgumentException(
            "shortest %s, atOnce %d, within %s; expected more than nothing"
                .formatted(shortest, atOnce, within));
      }
    }

    /** With the usual time to be stored. */
    public Refresh(Duration shortest, int atOnce) {
      this(shortest, atOnce, Duration.ofHours(1));
    }

    /** The least time between two states of a VM with shadows of this mode. */
    Duration shortest(ShadowMode mode) {
      return mode == ShadowMode.WARM ? shortest.multipliedBy(STANDBY_FACTOR) : shortest;
    }
  }

  /** Where the state of a cold shadow comes from. */
  public enum ColdSource {
    /** A snapshot of the primary in Glance; of its volumes, if it boots from one. */
    SNAPSHOT,
    /** The image that the primary was made from: for servers that keep nothing on their disk. */
    IMAGE
  }

  /** What becomes of an old primary. */
  public enum Retire {
    /** It is put away, and can be looked at. */
    SHELVE,
    DELETE
  }

  public static OpenStackSettings defaults() {
    return new OpenStackSettings(
        Duration.ofSeconds(10),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofMinutes(5),
        ColdSource.SNAPSHOT,
        false,
        false,
        Retire.SHELVE,
        new Refresh(Duration.ofMinutes(5), 2),
        Duration.ofMinutes(5));
  }
}
