package io.penumbra.scheduler.lifecycle;

/** Where one shadow stands in its life. */
public enum ShadowState {
  /** Capacity is promised; nothing has been asked of the cloud yet. */
  PROMISED,
  /** Being created or filled anew: there is no complete state for the present primary yet. */
  CREATING,
  /** Complete and kept current. */
  READY,
  /** Complete; its share is being changed. */
  RESIZING,
  /** Complete in its old mode while it is turned into another. */
  CHANGING,
  /** A saga has it; it is to take over. */
  TAKING_OVER,
  /** It is the primary now, and no shadow any more. */
  PROMOTED,
  /** To be deleted, and asked for until it is: what it takes stays promised to it till then. */
  DELETING,
  /** No longer there. */
  GONE;

  /** Whether it could take over if the primary failed now. */
  public boolean protects() {
    return switch (this) {
      case READY, RESIZING, CHANGING, TAKING_OVER -> true;
      case PROMISED, CREATING, PROMOTED, DELETING, GONE -> false;
    };
  }

  public boolean terminal() {
    return this == PROMOTED || this == GONE;
  }
}
