package io.penumbra.domain.event;

import io.penumbra.domain.Guard;
import java.time.Duration;

/** What became of one command. */
public sealed interface Outcome {

  /** It was carried out, and the thing itself was asked afterwards. */
  record Done() implements Outcome {}

  /**
   * It was refused or broke off; nothing has changed.
   *
   * @param code short and stable, for programs: {@code no-capacity}, {@code timeout}
   * @param message for people
   */
  record Failed(String code, String message) implements Outcome {}

  /** Nobody can say whether it was carried out. */
  record Unknown(String why) implements Outcome {}

  /** A host was looked at through other hosts' eyes. */
  record HostProbed(Liveness liveness, String evidence) implements Outcome {}

  /** What an indirect probe saw. */
  enum Liveness {
    /** At least one other observer reaches it. */
    ALIVE,
    /** Every observer that answered fails to reach it. */
    UNREACHABLE,
    /** Too few observers answered to tell; the fault may be ours. */
    UNDECIDED
  }

  /**
   * The shadow holds a consistent, verified state.
   *
   * @param term of the primary that closed that epoch
   * @param epoch newest acked epoch
   * @param verified whether every page's hash was checked
   * @param age how old the state is compared with the primary's newest, or with its last sign of
   *     life: what would be lost
   * @param bytesLost estimate of the bytes written since
   */
  record Synced(long term, long epoch, boolean verified, Duration age, long bytesLost)
      implements Outcome {
    public Synced {
      Guard.notNegative("term", term);
      Guard.notNegative("epoch", epoch);
      Guard.notNegative("bytesLost", bytesLost);
    }
  }

  /** An answer to a request to fence. */
  record FencingAnswered(FencingResult result) implements Outcome {}
}
