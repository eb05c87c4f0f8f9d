package io.penumbra.web;

import java.time.Duration;
import java.util.Optional;

/** Decides who may call. */
@FunctionalInterface
public interface Gatekeeper {

  /** Whether this call is let in; may ask somebody else, for it has a virtual thread of its own. */
  Admission admit(Visitor visitor) throws InterruptedException;

  /** What a gatekeeper sees of a call. */
  interface Visitor {

    /** GET, PUT, POST, DELETE. */
    String method();

    /** A header's first value. */
    Optional<String> header(String name);
  }

  /** What a gatekeeper says. */
  sealed interface Admission {

    /** Known, and allowed to do this. */
    record Welcome(String principal) implements Admission {}

    /** Not known: it has shown nothing, or nothing that is worth anything. */
    record Stranger() implements Admission {}

    /** Known, and not allowed to do this. */
    record Forbidden(String principal, String why) implements Admission {}

    /** Who could tell can't be asked now. */
    record Undecided(String why, Duration again) implements Admission {}
  }

  /** Asks the next one about those that this one does not know. */
  default Gatekeeper or(Gatekeeper next) {
    return visitor -> {
      Admission admission = admit(visitor);
      return admission instanceof Admission.Stranger ? next.admit(visitor) : admission;
    };
  }

  /** Lets everybody in; for loopback and for ends that are known by their certificate. */
  static Gatekeeper everybody() {
    return visitor -> new Admission.Welcome("anybody");
  }
}
