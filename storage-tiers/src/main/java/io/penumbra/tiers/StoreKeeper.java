package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.GarbageCollection.Collected;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Looks after a store in the background: sends what waits to the object tier, moves packs by heat
 * and by shadow mode, collects garbage, and scrubs. One piece of work at a time, no larger than a
 * pack or a collection, and after each a pause that keeps its input and output at a bounded rate.
 *
 * <p>{@link #step} does what is due and says when to come again; {@link #start} lets a thread do
 * so. What fails is told and tried again: a store must not be left alone because of one bad read.
 */
public final class StoreKeeper implements AutoCloseable {

  private static final Duration STOP_WITHIN = Duration.ofSeconds(30);

  private final TieredChunkStore store;
  private final KeeperRules rules;
  private final InstantSource clock;
  private final Consumer<String> notes;
  private final Scrub scrub;
  private final Thread thread = new Thread(this::run, "store-keeper");
  private Optional<Scrub.Round> scrubbing = Optional.empty();
  private Instant moveAt;
  private Instant collectAt;
  private Instant scrubAt;
  private Instant restUntil;
  private String lastNote = "";

  /** Written by whoever steps. Read by anybody, who must not wait for a long step. */
  private volatile KeeperStats stats = KeeperStats.NONE;

  /**
   * Will look after this store.
   *
   * @param elsewhere asked for chunks that no tier has whole: the primary
   * @param notes told in sentences what a person should know, each once
   */
  public StoreKeeper(
      TieredChunkStore store, KeeperRules rules, ChunkSource elsewhere, Consumer<String> notes) {
    this.store = store;
    this.rules = rules;
    this.clock = store.parts().clock();
    this.notes = notes;
    this.scrub = new Scrub(store, elsewhere, rules.scrubObjects());
    Instant now = clock.instant();
    moveAt = now;
    restUntil = now;
    collectAt = now.plus(rules.collectEvery());
    scrubAt = now.plus(rules.scrubEvery());
  }

  /** Starts a thread that steps until {@link #close}. */
  public void start() {
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Duration pause = Duration.between(clock.instant(), step());
        if (pause.isPositive()) {
          Thread.sleep(pause);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Does one piece of work if one is due; answers when the next will be. */
  public synchronized Instant step() {
    Instant now = clock.instant();
    if (!now.isBefore(next())) {
      long before = bytes();
      try {
        work(now);
      } catch (IOException e) {
        note("the store can't be looked after now: " + e);
      }
      restUntil = now.plusMillis(pauseMillis(bytes() - before));
    }
    return next();
  }

  private Instant next() {
    Instant due = earliest(moveAt, earliest(collectAt, scrubAt));
    return due.isBefore(restUntil) ? restUntil : due;
  }

  private static Instant earliest(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private long bytes() {
    return stats.movedBytes() + stats.scrubbedBytes() + stats.rewrittenBytes();
  }

  private long pauseMillis(long bytes) {
    return store.health().urgent() ? 0 : bytes * 1000 / rules.bytesPerSecond();
  }

  /** What is due longest; so nothing starves while there is always something to move. */
  private void work(Instant now) throws IOException {
    if (!moveAt.isAfter(collectAt) && !moveAt.isAfter(scrubAt)) {
      // Set before the work, so that a failure doesn't make it due again at once.
      moveAt = now.plus(rules.moveEvery());
      move(now);
    } else if (!collectAt.isAfter(scrubAt)) {
      collectAt = now.plus(rules.collectEvery());
      collect();
    } else {
      scrubAt = now.plus(rules.moveEvery());
      scrub(now);
    }
  }

  private void move(Instant now) throws IOException {
    Upkeep done = store.upkeep(1);
    stats = stats.plus(done);
    for (VmId vm : done.writersLost()) {
      note("held epochs of %s were dropped: another store has written it".formatted(vm));
    }
    done.problem().ifPresentOrElse(reason -> note("object tier: " + reason), () -> lastNote = "");
    if (done.more()) {
      moveAt = now;
    }
    store.saveCounts();
  }

  private void collect() throws IOException {
    switch (new GarbageCollection(store).run(false)) {
      case Collected.Done done -> {
        stats = stats.plus(done);
        for (Map.Entry<VmId, Integer> lost : done.dangling().entrySet()) {
          note("%s names %d chunks that are lost".formatted(lost.getKey(), lost.getValue()));
        }
      }
      case Collected.NotNow(String reason) -> note("no garbage was collected: " + reason);
    }
  }

  private void scrub(Instant now) throws IOException {
    if (scrubbing.isEmpty()) {
      scrubbing = Optional.of(scrub.begin());
    }
    Scrub.Round round = scrubbing.get();
    Scrub.Report before = round.report();
    boolean more = round.next();
    Scrub.Report after = round.report();
    stats = stats.plus(before, after);
    after.problems().stream().skip(before.problems().size()).forEach(this::note);
    after.lost().stream()
        .skip(before.lost().size())
        .forEach(id -> note("chunk %s is lost; no tier has it whole".formatted(id)));
    if (more) {
      scrubAt = now;
    } else {
      scrubbing = Optional.empty();
      scrubAt = now.plus(rules.scrubEvery());
    }
  }

  private void note(String sentence) {
    if (!sentence.equals(lastNote)) {
      lastNote = sentence;
      notes.accept(sentence);
    }
  }

  /** What it has done since it was made. */
  public KeeperStats stats() {
    return stats;
  }

  /** Stops the thread after the piece of work at hand; the store stays open. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(STOP_WITHIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
