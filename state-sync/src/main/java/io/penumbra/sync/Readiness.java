package io.penumbra.sync;

import io.penumbra.domain.Guard;
import java.time.Duration;
import java.time.Instant;

/** Whether a shadow could take over, and from which state. */
public sealed interface Readiness {

  /** It holds a consistent, verified state. */
  record Ready(long epoch, Instant cutAt) implements Readiness {

    public Ready {
      Guard.notNegative("epoch", epoch);
    }

    /** What would be lost if the primary died now; never negative, however clocks differ. */
    public Duration age(Instant now) {
      Duration age = Duration.between(cutAt, now);
      return age.isNegative() ? Duration.ZERO : age;
    }

    /** Whether that is no more than the policy allows. */
    public boolean meets(Duration rpo, Instant now) {
      return age(now).compareTo(rpo) <= 0;
    }
  }

  /** Its first full state is still on its way. */
  record Filling() implements Readiness {}

  /** Nobody keeps such a shadow. */
  record NotFollowed() implements Readiness {}
}
