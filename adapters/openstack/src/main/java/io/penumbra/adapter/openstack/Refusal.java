package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.domain.event.Outcome;

/** A command can't go on; carries what its outcome is. */
final class Refusal extends Exception {

  private static final long serialVersionUID = 1;

  private final transient Outcome outcome;

  private Refusal(Outcome outcome) {
    super(outcome.toString());
    this.outcome = outcome;
  }

  Outcome outcome() {
    return outcome;
  }

  /** Nothing has changed. */
  static Refusal failed(String code, String message) {
    return new Refusal(new Outcome.Failed(code, message));
  }

  /** Nobody can say. */
  static Refusal unknown(String why) {
    return new Refusal(new Outcome.Unknown(why));
  }

  /** What an answer that is not the one that was wanted means. */
  static Refusal of(String what, Answer answer) {
    return switch (answer) {
      case Answer.Refused refused when refused.isOverLimit() ->
          failed("over-quota", what + ": " + refused.message());
      case Answer.Refused refused ->
          failed(
              refused.status() == 409 ? "conflict" : "refused",
              "%s: status %d, %s".formatted(what, refused.status(), refused.message()));
      case Answer.Broken broken -> unknown(what + ": " + broken.why());
      case Answer.Ok ok -> unknown(what + ": status " + ok.status());
    };
  }
}
