package io.penumbra.app.lab;

import io.penumbra.domain.policy.ShadowMode;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a lab run is.
 *
 * @param kill what is killed
 * @param mode of its shadow, warm or cold
 * @param commit what happens to requests after the last epoch: async, replay or output-commit
 * @param writers connections that write at once
 * @param between how long the client writes between two kills, at least
 * @param apart whether every host gets a network namespace
 */
record LabSettings(
    Path directory,
    Path cache,
    int kills,
    Kill kill,
    ShadowMode mode,
    String commit,
    int memoryMib,
    Duration epoch,
    int writers,
    Duration between,
    boolean apart,
    long seed) {

  /** Whether epochs go to a tier store, and a third host can take over from it. */
  boolean stored() {
    return mode == ShadowMode.COLD;
  }

  /** What is killed. */
  enum Kill {
    /** The guest's process; its host is well and says so. */
    GUEST,
    /** Everything on the host, as when its power fails. */
    HOST,
    /** The host's network; everything on it goes on. */
    SILENT,
    /**
     * The host is cut off from its peers, the control plane and its power switch; clients go on
     * reaching its guest. Nothing but its lease keeps it from serving beside its shadow.
     */
    SPLIT,
    /** Everything on the host, and the control plane in the middle of the failover. */
    CONTROLLER,
    /** The host and that of its shadow, both as when their power fails: the store is left. */
    PAIR,
    /** The first of these but SPLIT, and CONTROLLER, by the seed. */
    MIXED
  }
}
