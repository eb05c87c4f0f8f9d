package io.penumbra.domain.event;

/** Whether the old primary can still serve. */
public sealed interface FencingResult {

  /**
   * It cannot serve any more.
   *
   * @param proof what makes us sure: {@code power off read back}, {@code lease ran out 200 ms ago}
   */
  record Fenced(String proof) implements FencingResult {}

  /** It still serves. */
  record NotFenced(String reason) implements FencingResult {}

  /** Nobody can say. Whoever promotes now gambles. */
  record Unknown(String reason) implements FencingResult {}
}
