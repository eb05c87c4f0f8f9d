package io.penumbra.adapter.qemu.guest;

/** What {@link GuestCheck} has found of one thing that protection needs. */
public sealed interface Finding {

  /** What was looked at. */
  String what();

  /** It is as it should be. */
  record Fine(String what, String how) implements Finding {}

  /**
   * Protection is possible without it, and costs more.
   *
   * @param advice what to change
   */
  record Costly(String what, String why, String advice) implements Finding {}

  /**
   * The guest can't be protected as it runs.
   *
   * @param advice what to change
   */
  record Lacking(String what, String why, String advice) implements Finding {}
}
