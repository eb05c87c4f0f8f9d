package io.penumbra.scheduler.failover;

/** Where one VM's failover stands. */
public enum SagaStep {
  /** Waits for its turn: the breaker or the bound on concurrent failovers holds it. */
  QUEUED,
  /** Asks whether the guest really does not answer. A whole host is confirmed by its incident. */
  CONFIRM,
  /** Makes sure that the old primary cannot serve. */
  FENCE,
  /** Gives the shadow its full size. */
  ALLOCATE,
  /** Places a new cold shadow, because no shadow there is can take over. */
  REPLACE,
  /** Brings the shadow to the newest state that can be had. */
  LAST_SYNC,
  /** Brings the shadow to life. */
  ACTIVATE,
  /** Stops an instance whose activation failed, before another shadow is tried. */
  UNDO_ACTIVATE,
  LOAD_BALANCER,
  DNS,
  /** Asks the promoted service whether it answers. */
  VERIFY,
  /** Removes what is left of the old primary. */
  RETIRE_PRIMARY,
  /** Orders a new shadow; over as soon as it is entered, and so never seen between steps. */
  REPROTECT,
  /** Hands the old host over to be watched; over as soon as it is entered. */
  WATCH,
  /** Lets the old primary run on: the move was called off. */
  RESUME,
  /** The VM serves from its new host. */
  DONE,
  /** The old primary serves on. */
  CALLED_OFF,
  /** Nothing is left to do for it: the VM is gone, or another saga has taken over. */
  DROPPED;

  public boolean terminal() {
    return this == DONE || this == CALLED_OFF || this == DROPPED;
  }

  /** Whether the shadow that was chosen may have, or be given, the VM's whole size. */
  public boolean takesOver() {
    return switch (this) {
      case FENCE, ALLOCATE, LAST_SYNC, ACTIVATE, UNDO_ACTIVATE -> true;
      case QUEUED,
          CONFIRM,
          REPLACE,
          LOAD_BALANCER,
          DNS,
          VERIFY,
          RETIRE_PRIMARY,
          REPROTECT,
          WATCH,
          RESUME,
          DONE,
          CALLED_OFF,
          DROPPED ->
          false;
    };
  }

  /** Whether the shadow runs as the VM's primary in this step. */
  public boolean promoted() {
    return switch (this) {
      case LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY, REPROTECT, WATCH, DONE -> true;
      case QUEUED,
          CONFIRM,
          FENCE,
          ALLOCATE,
          REPLACE,
          LAST_SYNC,
          ACTIVATE,
          UNDO_ACTIVATE,
          RESUME,
          CALLED_OFF,
          DROPPED ->
          false;
    };
  }
}
