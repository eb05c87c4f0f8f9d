package io.penumbra.simulator.check;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects breaches of one run; after the first few the rest is only counted. */
public final class Breaches {

  private static final int KEPT = 20;

  private final InstantSource clock;
  private final long seed;
  private final List<Breach> kept = new ArrayList<>();
  private long count;

  public Breaches(InstantSource clock, long seed) {
    this.clock = clock;
    this.seed = seed;
  }

  void report(int never, String what) {
    count++;
    if (kept.size() < KEPT) {
      kept.add(new Breach(never, clock.instant(), what, seed));
    }
  }

  /** The control loop threw by itself. */
  public void loopDied(String why) {
    report(Breach.LOOP_DIED, "the control loop died by itself: " + why);
  }

  /** After everything had healed, this was still not as it should be. */
  public void notConverged(String what) {
    report(Breach.NOT_CONVERGED, what);
  }

  public boolean isEmpty() {
    return count == 0;
  }

  public Optional<Breach> first() {
    return kept.stream().findFirst();
  }

  /** The first breaches, in the order they happened. */
  public List<Breach> all() {
    return List.copyOf(kept);
  }

  public long count() {
    return count;
  }
}
