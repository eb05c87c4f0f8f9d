package io.penumbra.adapter.fencing.lease;

import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.agent.LeaseAnswer;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.scheduler.lease.LeaseBook;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Lets a lease run out: the controller renews it no more, its keeper neither, and the keeper says
 * when it is over. What can't be asked can't have been promoted, so no answer is {@code Unknown}.
 */
public final class LeaseExpiry {

  /** Waits; a test's own time waits faster. */
  @FunctionalInterface
  public interface Pause {
    void of(Duration wait) throws InterruptedException;
  }

  private static final Duration ROUNDING = Duration.ofMillis(1);

  private final LeaseBook book;
  private final HostAgents agents;
  private final LongSupplier nanos;
  private final Pause pause;
  private final Duration patience;

  /**
   * The controller's part.
   *
   * @param book the one that heartbeats are answered from
   * @param nanos the same clock that the book is given
   * @param patience after which a lease that is still not certain is answered {@code Unknown}
   */
  public LeaseExpiry(
      LeaseBook book, HostAgents agents, LongSupplier nanos, Pause pause, Duration patience) {
    this.book = book;
    this.agents = agents;
    this.nanos = nanos;
    this.pause = pause;
    this.patience = patience;
  }

  /** Waits until the primary of a VM can't serve any more, as its shadow's host sees it. */
  public FencingResult expire(VmId vm, HostId primary, HostId shadow) throws InterruptedException {
    long begun = nanos.getAsLong();
    book.stop(vm, primary, begun);
    while (true) {
      if (!book.canEnd(vm, primary, shadow)) {
        return new FencingResult.Unknown(
            "another shadow of %s than the one on %s may renew its lease".formatted(vm, shadow));
      }
      Duration silent = book.stop(vm, primary, nanos.getAsLong());
      switch (agents.endLease(shadow, vm, primary, silent)) {
        case LeaseAnswer.RanOut(Duration ago) -> {
          return ended(vm, primary, shadow, ago);
        }
        case LeaseAnswer.NotKept(String why) -> {
          return new FencingResult.Unknown(
              "the agent on %s does not keep the lease of %s: %s".formatted(shadow, vm, why));
        }
        case LeaseAnswer.Silent(String why) -> {
          return new FencingResult.Unknown("the agent on %s: %s".formatted(shadow, why));
        }
        case LeaseAnswer.MayRun(Duration left) -> {
          Duration wait = left.plus(ROUNDING);
          Duration spent = Duration.ofNanos(nanos.getAsLong() - begun);
          if (spent.plus(wait).compareTo(patience) > 0) {
            return new FencingResult.Unknown(
                "the lease of %s on %s may run for another %s".formatted(vm, primary, left));
          }
          pause.of(wait);
        }
      }
    }
  }

  private FencingResult ended(VmId vm, HostId primary, HostId shadow, Duration ago) {
    // Taken up again while we waited: the keeper's word is from before.
    return book.isStopped(vm, primary)
        ? new FencingResult.Fenced(
            "lease ran out %d ms ago by the clock of %s".formatted(ago.toMillis(), shadow))
        : new FencingResult.Unknown("the lease of %s was taken up again meanwhile".formatted(vm));
  }
}
