package io.penumbra.scheduler.lifecycle;

/** What can happen to a shadow. */
public enum ShadowSignal {
  /** The cloud is asked to create it, or to fill it anew from another primary. */
  ORDER,
  /** Its first full state for the present primary is acked and verified. */
  COMPLETED,
  /** A command failed or was late, and is given again. */
  RETRY,
  /** Its share is to be changed. */
  RESIZE,
  /** It is to be turned into another mode. */
  CHANGE_MODE,
  /** The change is made, or was refused and nothing has changed. */
  SETTLED,
  /** A saga wants it to take over. */
  CHOSEN,
  /** The saga has given it back. */
  RELEASED,
  /** It has come to life as the primary. */
  PROMOTE,
  /** It is not wanted any more. */
  DELETE,
  /** Its agent says that nothing of it is there. */
  DELETED,
  /** Somebody says that it is gone without having been asked to go; its agent is asked. */
  LOST,
  /** It stands where nobody wants it; it holds its room until it is deleted. */
  FOUND,
  /** A report on a command that nobody waits for any more. */
  LATE
}
