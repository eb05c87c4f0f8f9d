package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Instant;
import java.util.Optional;

/** What the loop knows of one shadow. Mutable; owned by the loop. */
final class Shadow {
  final HostId host;
  ShadowMode mode;
  ShadowState state = ShadowState.PROMISED;

  /** The most that it can take of its host; promised to it as long as it can be there. */
  Resources resident;

  /** Whether it may take less than that, so that its size has to be set once more. */
  boolean sizeUnsure;

  /** What it is being turned into, while it is. */
  ShadowMode nextMode;

  Resources nextResident;

  /** Whether it is being filled from another primary, and not created. */
  boolean refill;

  /** Whether it is filled from what is stored, since no primary is left that could. */
  boolean fromStore;

  /** Whether it has held a complete, verified state of this VM, if only of an earlier primary. */
  boolean full;

  /** The term of the primary that its state is from, as far as known. */
  long term;

  /** The term under which it was last ordered to be filled. */
  long orderedTerm;

  Optional<CommandId> pending = Optional.empty();
  int attempts;

  /** Its command has failed and is given again later. */
  boolean waiting;

  /** No change is asked for before this, after one was refused. */
  Instant notBefore = Instant.MIN;

  /**
   * Since when its agent's reports have said that it is not complete, while it should be. One such
   * report may be older than the word that it is.
   */
  Optional<Instant> doubted = Optional.empty();

  /** Its host cannot keep what it has promised; it goes as soon as another one stands. */
  boolean crowded;

  /** Memory it holds beyond what a calm shadow would; counts against the growth budget. */
  long grownMib;

  Shadow(HostId host, ShadowMode mode, Resources resident) {
    this.host = host;
    this.mode = mode;
    this.resident = resident;
    this.nextMode = mode;
    this.nextResident = resident;
  }

  boolean protects() {
    return state.protects();
  }

  @Override
  public String toString() {
    return "%s shadow on %s, %s".formatted(mode, host, state);
  }
}
