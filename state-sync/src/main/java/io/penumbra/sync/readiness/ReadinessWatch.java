package io.penumbra.sync.readiness;

import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.scan.Cut;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Follows a sender, and says at any moment how ready the copy is that it feeds. May be asked by any
 * thread.
 */
public final class ReadinessWatch implements SenderListener {

  /** How much the newest epoch says of how fast the state changes. */
  private static final double NEWEST = 0.25;

  private static final double NANOS = 1e9;

  private final long pages;
  private final ReadinessAssessment assessment;
  private final Supplier<NetworkForecast> network;
  private Optional<ShadowState.Acked> acked = Optional.empty();
  private long present;
  private long doubted;
  private double bytesPerSecond;
  private boolean inTouch;

  /**
   * A watch.
   *
   * @param pages of the state
   * @param network is asked what the paths to the copy promise
   */
  public ReadinessWatch(
      long pages, ReadinessAssessment assessment, Supplier<NetworkForecast> network) {
    this.pages = pages;
    this.assessment = assessment;
    this.network = network;
  }

  /** How ready the copy is. What has changed since its epoch is taken to be as much as usual. */
  public Readiness at(Instant now) {
    ShadowState shadow;
    NetworkForecast ahead;
    synchronized (this) {
      double behind =
          acked
              .map(epoch -> Duration.between(epoch.cutAt(), now).toNanos() / NANOS)
              .filter(seconds -> seconds > 0)
              .orElse(0.0);
      shadow =
          new ShadowState(acked, pages, present, doubted, behind * bytesPerSecond, bytesPerSecond);
      ahead = inTouch ? network.get() : NetworkForecast.NONE;
    }
    return assessment.assess(shadow, ahead, now);
  }

  @Override
  public synchronized void inTouch(long epoch) {
    inTouch = true;
  }

  @Override
  public synchronized void outOfTouch() {
    inTouch = false;
  }

  @Override
  public synchronized void progress(long pagesSeen, long pagesAll, long bytes) {
    // Of a difference, the rest is there from the epoch before.
    if (acked.isEmpty()) {
      present = Math.min(pages, pagesSeen);
    }
  }

  @Override
  public synchronized void doubted(int wrong) {
    doubted += wrong;
  }

  @Override
  public synchronized void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
    acked.ifPresent(before -> {
      double seconds = Duration.between(before.cutAt(), cut.cutAt()).toNanos() / NANOS;
      if (seconds > 0) {
        bytesPerSecond += NEWEST * (bytes / seconds - bytesPerSecond);
      }
    });
    acked = Optional.of(new ShadowState.Acked(epoch, cut.cutAt()));
    present = pages;
    doubted = 0;
    inTouch = true;
  }
}
