package io.penumbra.adapter.traffic.change;

/** What became of one change at one load balancer or in one zone. */
public sealed interface Change {

  /**
   * It is as it should be: the thing itself was asked.
   *
   * @param changed false when it was so before
   */
  record Verified(boolean changed) implements Change {}

  /**
   * Nothing has changed, or what had changed was put back and read back.
   *
   * @param code short and stable, for programs: {@code unreachable}, {@code no-server}
   * @param message for people
   */
  record Refused(String code, String message) implements Change {}

  /** Nobody can say, or not everybody shows it yet. */
  record InDoubt(String why) implements Change {}
}
