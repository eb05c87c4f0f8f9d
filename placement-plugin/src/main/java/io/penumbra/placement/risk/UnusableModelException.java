package io.penumbra.placement.risk;

/**
 * A model that cannot be used, and what to do about it. Stays within this package; callers see
 * {@link RiskModels.Unusable}.
 */
final class UnusableModelException extends Exception {

  private static final long serialVersionUID = 1L;

  private static final String TRAIN_AGAIN = "train it again: ./penumbra train --help";

  private final String advice;

  UnusableModelException(String reason) {
    this(reason, TRAIN_AGAIN);
  }

  UnusableModelException(String reason, Throwable cause) {
    super(reason, cause);
    advice = TRAIN_AGAIN;
  }

  UnusableModelException(String reason, String advice) {
    super(reason);
    this.advice = advice;
  }

  String reason() {
    String reason = getMessage();
    return reason == null ? "it could not be read" : reason;
  }

  String advice() {
    return advice;
  }
}
