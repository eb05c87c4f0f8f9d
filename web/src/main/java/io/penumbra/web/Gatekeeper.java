package io.penumbra.web;

import java.util.Optional;

/** Decides who may call. */
@FunctionalInterface
public interface Gatekeeper {

  /**
   * Who it is, or nobody.
   *
   * @param header asks for a header of the call; empty when it has none of that name
   */
  Optional<String> principal(Headers header);

  /** The headers of a call. */
  @FunctionalInterface
  interface Headers {
    Optional<String> of(String name);
  }

  /** Lets everybody in; for loopback and for ends that are known by their certificate. */
  static Gatekeeper everybody() {
    return header -> Optional.of("anybody");
  }
}
