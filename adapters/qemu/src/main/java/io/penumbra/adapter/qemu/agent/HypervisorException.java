package io.penumbra.adapter.qemu.agent;

/** A hypervisor could not do what was asked; nothing has changed. */
public final class HypervisorException extends Exception {

  private static final long serialVersionUID = 1;

  private final String code;

  /**
   * Says what failed.
   *
   * @param code short and stable, for programs
   */
  public HypervisorException(String code, String message) {
    super(message);
    this.code = code;
  }

  /** Says what failed, and why. */
  public HypervisorException(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  public String code() {
    return code;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
