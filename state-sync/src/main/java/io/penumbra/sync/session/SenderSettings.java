package io.penumbra.sync.session;

import io.penumbra.sync.epoch.PageSize;
import java.time.Duration;

/**
 * How a sender goes about it.
 *
 * @param epoch from one cut to the next; longer when the other end has not acked yet
 * @param retryAfter when to say again what was not answered
 * @param silenceMax when to give up a connection that answers nothing
 * @param groupPages how many pages are coded together
 * @param planWindow how many parts of a plan may be unanswered
 * @param untouched what becomes of pages of zeros when all pages are sent
 * @param early whether pages are sent ahead of the cut
 */
public record SenderSettings(
    Duration epoch,
    Duration retryAfter,
    Duration silenceMax,
    int groupPages,
    int planWindow,
    Untouched untouched,
    Early early) {

  private static final int GROUP_PAGES = 256;

  /** With a limit for bytes a group is at most so long under way, so that the limit is even. */
  private static final double GROUP_SECONDS = 0.25;

  public SenderSettings {
    if (epoch.isNegative() || !retryAfter.isPositive() || silenceMax.compareTo(retryAfter) <= 0) {
      throw new IllegalArgumentException(
          "epoch %s, retry after %s, silence %s; expected silence > retry > 0"
              .formatted(epoch, retryAfter, silenceMax));
    }
    if (groupPages < 1 || groupPages > 1024 || planWindow < 1) {
      throw new IllegalArgumentException(
          "groups of %d pages, %d parts; expected 1 to 1024, and 1 or more"
              .formatted(groupPages, planWindow));
    }
  }

  /** What fits most. */
  public static SenderSettings every(Duration epoch) {
    return new SenderSettings(
        epoch,
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        GROUP_PAGES,
        4,
        Untouched.NOT_SENT,
        Early.OFF);
  }

  /** The same for a way that may carry only so many bytes per second. */
  public SenderSettings within(double bytesPerSecond) {
    double pages = bytesPerSecond * GROUP_SECONDS / PageSize.BYTES;
    return new SenderSettings(
        epoch,
        retryAfter,
        silenceMax,
        (int) Math.max(1, Math.min(groupPages, pages)),
        planWindow,
        untouched,
        early);
  }

  /** The same, with pages sent ahead of the cut or not. */
  public SenderSettings with(Early changed) {
    return new SenderSettings(
        epoch, retryAfter, silenceMax, groupPages, planWindow, untouched, changed);
  }

  /**
   * Pages of zeros in a whole transfer; most of them nobody has ever touched. They cost a hash each
   * at most, never their content.
   */
  public enum Untouched {
    /** Named after all others. */
    LAST,
    /** Not even named to a receiver that has nothing but zeros itself. */
    NOT_SENT
  }
}
