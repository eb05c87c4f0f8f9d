package io.penumbra.simulator.fault;

/** What can go wrong. Each kind has its own rate and its own stream of chance. */
public enum FaultKind {
  /** A host dies and waits for its repair. */
  HOST_FAILURE(1.0),
  /** A whole rack or power feed goes dark, management controllers included. */
  DOMAIN_FAILURE(0.5),
  /** A guest crashes or hangs while its host is well. */
  GUEST_CRASH(1.0),
  /** The controller's process dies and starts again from its journal. */
  CONTROLLER_CRASH(1.5),
  /** The last append before a crash is not there afterwards; it never returned either. */
  JOURNAL_TORN(0.5),
  /** Some hosts and the controller lose sight of others, both ways. */
  PARTITION(1.0),
  /** The same, but only one way. */
  PARTITION_ONE_WAY(1.0),
  /** Messages of a host take many times longer. */
  NETWORK_SLOW(0.5),
  /** Clocks run too fast or too slow, within the bound that leases are built on. */
  CLOCK_SKEW(1.0),
  /** Risk reports come hours late. */
  TELEMETRY_LATE(0.2),
  /** A host that is well is reported as about to fail, or the other way round. */
  TELEMETRY_LIES(0.5),
  /** An event of the cloud never comes. */
  EVENT_LOST(0.02),
  /** An event of the cloud comes twice. */
  EVENT_DUPLICATED(0.05),
  /** Events of the cloud change places. */
  EVENT_REORDERED(0.05),
  /** A management controller doesn't answer. */
  BMC_SILENT(0.3),
  /** A management controller says done, does nothing, and is caught when the power is read back. */
  BMC_LIES(0.2),
  /** A call says done and isn't; reading back finds that it can't tell. */
  COMMAND_LIES(0.03),
  /** The cloud's API refuses a call. */
  API_REFUSES(0.05),
  /** A call takes many times longer. */
  API_SLOW(0.05),
  /** A command's outcome never comes back. */
  REPORT_LOST(0.03),
  /** The chunk store has lost a cold shadow's state. */
  STORE_LOSES(0.05),
  /** The chunk store gives back wrong bytes of the newest epochs; hashes show it. */
  STORE_CORRUPTS(0.1),
  /** A host's agent hangs; its watchdog is all that is left. */
  AGENT_HANGS(0.7);

  private final double rate;

  FaultKind(double rate) {
    this.rate = rate;
  }

  /**
   * The usual rate. For what befalls a call, the probability per call; for what befalls the world,
   * the expected number in an hour of a small world.
   */
  public double rate() {
    return rate;
  }
}
