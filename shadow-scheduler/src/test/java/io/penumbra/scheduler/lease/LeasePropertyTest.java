package io.penumbra.scheduler.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.lease.LeaseGrant.RanOut;
import io.penumbra.scheduler.lease.LeaseGrant.Renews;
import java.time.Duration;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Three parties, each with a clock as wrong as is allowed, over a network that loses and delays for
 * as long as it likes; agents and controller die and come back. Once the keeper has said that the
 * lease ran out, the primary never serves.
 */
class LeasePropertyTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId PRIMARY = HostId.of("host-p");
  private static final HostId KEEPER = HostId.of("host-k");

  @Test
  void whoeverSaysThatALeaseRanOutIsRight() {
    int saidSo = 0;
    int served = 0;
    for (long seed = 1; seed <= 3_000; seed++) {
      Run run = new Run(seed);
      run.go();
      saidSo += run.ranOut ? 1 : 0;
      served += run.servedUntilStop ? 1 : 0;
    }
    assertThat(saidSo).as("runs in which the end was certain").isGreaterThan(2_000);
    assertThat(served).as("runs in which it served up to the stop").isGreaterThan(1_000);
  }

  private record Happening(double at, long order, Runnable what) {}

  private static final class Run {
    private final long seed;
    private final SplittableRandom chance;
    private final LeaseTerms terms;
    private final double[] rates = new double[3];
    private final long[] origins = new long[3];
    private final PriorityQueue<Happening> queue =
        new PriorityQueue<>((one, other) ->
            one.at != other.at
                ? Double.compare(one.at, other.at)
                : Long.compare(one.order, other.order));
    private double now;
    private long order;
    private LeaseClock clock;
    private LeaseGrant grant;
    private LeaseBook book;
    private boolean ranOut;
    private boolean servedUntilStop;

    Run(long seed) {
      this.seed = seed;
      chance = new SplittableRandom(seed);
      terms =
          new LeaseTerms(
              Duration.ofMillis(chance.nextInt(200, 5_000)),
              chance.nextDouble(0.05),
              Duration.ZERO);
      for (int i = 0; i < rates.length; i++) {
        double extreme = chance.nextBoolean() ? 1 : -1;
        double share = chance.nextInt(3) == 0 ? chance.nextDouble() : 1;
        rates[i] = 1 + extreme * share * terms.driftMax();
        origins[i] = chance.nextLong();
      }
      clock = LeaseClock.unleased(terms).leased(KEEPER, primaryNanos());
      grant = LeaseGrant.begun(terms, PRIMARY, keeperNanos());
      book = new LeaseBook(List.of(), controllerNanos());
    }

    private long primaryNanos() {
      return origins[0] + (long) (now * 1e9 * rates[0]);
    }

    private long keeperNanos() {
      return origins[1] + (long) (now * 1e9 * rates[1]);
    }

    private long controllerNanos() {
      return origins[2] + (long) (now * 1e9 * rates[2]);
    }

    private void after(double wait, Runnable what) {
      queue.add(new Happening(now + wait, order++, what));
    }

    /** Some messages take long, some never arrive. */
    private void message(Runnable arrives) {
      if (chance.nextInt(10) > 0) {
        after(chance.nextInt(5) == 0 ? chance.nextDouble(6) : chance.nextDouble(0.01), arrives);
      }
    }

    void go() {
      heartbeat();
      epoch();
      look();
      trouble();
      after(10 + chance.nextDouble(), this::askForTheEnd);
      while (!queue.isEmpty() && queue.peek().at() < 60) {
        Happening next = queue.remove();
        now = next.at();
        next.what().run();
        if (ranOut) {
          assertThat(clock.mayServe(primaryNanos()))
              .as("serves %.6f s in, seed %d", now, seed)
              .isFalse();
        }
      }
    }

    private void heartbeat() {
      long asked = primaryNanos();
      message(() -> {
        if (book.renew(VM, PRIMARY, controllerNanos())) {
          message(() -> clock = clock.heardController(asked, primaryNanos()));
        }
      });
      after(0.05 + chance.nextDouble(0.5), this::heartbeat);
    }

    private void epoch() {
      long sent = primaryNanos();
      message(() -> {
        if (grant.renew(keeperNanos()) instanceof Renews(LeaseGrant renewed)) {
          grant = renewed;
          message(() -> clock = clock.heardKeeper(KEEPER, sent, primaryNanos()));
        }
      });
      after(0.05 + chance.nextDouble(0.5), this::epoch);
    }

    /** The agent looks at its clock, rarely enough that answers come in between. */
    private void look() {
      clock = clock.at(primaryNanos());
      after(chance.nextDouble(0.5), this::look);
    }

    private void trouble() {
      switch (chance.nextInt(8)) {
        case 0 -> clock = LeaseClock.lost(terms, KEEPER, primaryNanos());
        case 1 -> {
          if (!ranOut) {
            grant = LeaseGrant.begun(terms, PRIMARY, keeperNanos());
          }
        }
        case 2 -> controllerRestarts();
        default -> {}
      }
      after(chance.nextDouble(20), this::trouble);
    }

    /** Unfinished commands are given again before the first heartbeat is answered. */
    private void controllerRestarts() {
      boolean unfinished = book.isStopped(VM, PRIMARY);
      book = new LeaseBook(List.of(), controllerNanos());
      if (unfinished) {
        book.stop(VM, PRIMARY, controllerNanos());
      }
    }

    private void askForTheEnd() {
      servedUntilStop |= !book.isStopped(VM, PRIMARY) && clock.mayServe(primaryNanos());
      Duration silent = book.stop(VM, PRIMARY, controllerNanos());
      message(() -> {
        grant = grant.stop(silent, keeperNanos());
        ranOut |= grant.end(keeperNanos()) instanceof RanOut;
      });
      after(chance.nextDouble(1), this::askForTheEnd);
    }
  }
}
