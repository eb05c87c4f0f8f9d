package io.penumbra.adapter.qemu.agent;

import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Shares one guest's capture among the senders to its shadows: one hold at a time, what was written
 * since is told to each of them, and every cut gets a label. A cut is refused while the guest must
 * not run.
 */
final class CaptureDesk implements AutoCloseable {

  /** Decides about cuts, and is told of them. */
  interface Clerk {

    /** Announces the next cut; empty while none may be taken. */
    Optional<Announced> announce();

    /** How the guest is. */
    HealthSnapshot health(HealthSnapshot captured);

    /** The guest runs on. */
    void taken(CutLabel label);
  }

  /** What a cut is going to be called, and where it stands in the request log. */
  record Announced(CutLabel label, long requestLogPosition) {}

  /** Where memory is among the regions. */
  private static final int RAM = 0;

  private final StateSource source;
  private final Clerk clerk;
  private final LongSupplier clock;
  private final ReentrantLock holding = new ReentrantLock();
  private final List<Taker> takers = new ArrayList<>();

  /** Regions of which the source has told somebody already. */
  private final Set<Integer> asked = new HashSet<>();

  CaptureDesk(StateSource source, Clerk clerk, LongSupplier clock) {
    this.source = source;
    this.clerk = clerk;
    this.clock = clock;
  }

  /** A view of the source for one more sender. */
  Taker taker() {
    Taker taker = new Taker();
    holding.lock();
    try {
      takers.add(taker);
    } finally {
      holding.unlock();
    }
    return taker;
  }

  /** Waits for a hold that is open; then there are no more. */
  @Override
  public void close() {
    holding.lock();
    try {
      source.close();
    } finally {
      holding.unlock();
    }
  }

  /** One sender's view. */
  final class Taker implements StateSource, Scrub.Live {

    /** What was written since this taker last asked, by region; what is not in it is unknown. */
    private final Map<Integer, BitSet> owed = new TreeMap<>();

    /** Pages of memory that this taker was told of since somebody asked for them. */
    private BitSet named = new BitSet();

    private boolean untold;
    private volatile long heldNanos;
    private boolean ended;

    /**
     * Interrupts its thread, but never in the middle of a hold: whoever is interrupted there leaves
     * the guest paused. It gets no more holds.
     */
    void end(Thread thread) {
      holding.lock();
      try {
        ended = true;
        thread.interrupt();
      } finally {
        holding.unlock();
      }
    }

    /** When its last hold began. */
    long heldNanos() {
      return heldNanos;
    }

    @Override
    public StateLayout layout() {
      return source.layout();
    }

    /** Only one sender can look ahead: what it has seen would be missing in another's hold. */
    @Override
    public Optional<Glimpse> glimpse() {
      holding.lock();
      try {
        return takers.size() == 1 ? source.glimpse().map(SharedGlimpse::new) : Optional.empty();
      } finally {
        holding.unlock();
      }
    }

    @Override
    public Hold hold() {
      holding.lock();
      boolean held = false;
      try {
        if (ended) {
          throw new IllegalStateException("this sender is being closed");
        }
        Announced announced =
            clerk
                .announce()
                .orElseThrow(() -> new IllegalStateException("the guest must not run now"));
        heldNanos = clock.getAsLong();
        Hold real = source.hold();
        held = true;
        return new LabelledHold(this, real, announced);
      } finally {
        if (!held) {
          holding.unlock();
        }
      }
    }

    private Optional<BitSet> changed(Look real, int region) {
      Optional<BitSet> mine = told(real, region);
      if (region == RAM) {
        mine.ifPresentOrElse(named::or, () -> untold = true);
      }
      return mine;
    }

    private Optional<BitSet> told(Look real, int region) {
      Optional<BitSet> now = real.mayHaveChanged(region);
      if (now.isEmpty()) {
        takers.forEach(taker -> taker.owed.remove(region));
        return now;
      }
      // What was told to a sender before is missing here: only the first of all can believe it.
      boolean complete = asked.add(region);
      for (Taker taker : takers) {
        BitSet known = taker.owed.get(region);
        if (known != null) {
          known.or(now.get());
        }
      }
      Optional<BitSet> mine = complete ? now : Optional.ofNullable(owed.get(region));
      owed.put(region, new BitSet());
      return mine;
    }

    @Override
    public Optional<MemorySegment> ram() {
      return source.glimpse().flatMap(look -> look.region(RAM));
    }

    @Override
    public Optional<BitSet> data() {
      return source.glimpse().flatMap(look -> look.mayHoldData(RAM));
    }

    @Override
    public Optional<BitSet> drainNamed() {
      Optional<BitSet> drained = untold ? Optional.empty() : Optional.of(named);
      named = new BitSet();
      untold = false;
      return drained;
    }

    @Override
    public void close() {
      holding.lock();
      try {
        takers.remove(this);
      } finally {
        holding.unlock();
      }
    }

    /** A look ahead that is taken down for the others. */
    private final class SharedGlimpse implements Glimpse {

      private final Glimpse real;

      SharedGlimpse(Glimpse real) {
        this.real = real;
      }

      @Override
      public Optional<MemorySegment> region(int region) {
        return real.region(region);
      }

      @Override
      public Optional<BitSet> mayHaveChanged(int region) {
        holding.lock();
        try {
          return changed(real, region);
        } finally {
          holding.unlock();
        }
      }

      @Override
      public Optional<BitSet> mayHoldData(int region) {
        return real.mayHoldData(region);
      }
    }
  }

  /** The real hold with a label; closing it lets the guest and the next taker go on. */
  private final class LabelledHold implements StateSource.Hold {

    private final Taker taker;
    private final StateSource.Hold real;
    private final Announced announced;

    LabelledHold(Taker taker, StateSource.Hold real, Announced announced) {
      this.taker = taker;
      this.real = real;
      this.announced = announced;
    }

    @Override
    public boolean still() {
      return real.still();
    }

    @Override
    public MemorySegment region(int region) {
      return real.region(region);
    }

    @Override
    public Optional<BitSet> mayHaveChanged(int region) {
      return taker.changed(real, region);
    }

    @Override
    public Optional<BitSet> mayHoldData(int region) {
      return real.mayHoldData(region);
    }

    @Override
    public long requestLogPosition() {
      return announced.requestLogPosition();
    }

    @Override
    public HealthSnapshot health() {
      return announced.label().on(clerk.health(real.health()));
    }

    @Override
    public void close() {
      try {
        real.close();
      } finally {
        clerk.taken(announced.label());
        holding.unlock();
      }
    }
  }
}
