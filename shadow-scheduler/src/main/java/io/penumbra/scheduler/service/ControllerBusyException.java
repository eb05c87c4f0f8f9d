package io.penumbra.scheduler.service;

/** The controller can't answer now; asking again later may help. */
public final class ControllerBusyException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Says why. */
  public ControllerBusyException(String why) {
    super("the controller does not answer: " + why);
  }
}
