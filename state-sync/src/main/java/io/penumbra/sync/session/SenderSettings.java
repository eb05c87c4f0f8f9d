package io.penumbra.sync.session;

import java.time.Duration;

/**
 * How a sender goes about it.
 *
 * @param epoch from one cut to the next; longer when the other end has not acked yet
 * @param retryAfter when to say again what was not answered
 * @param silenceMax when to give up a connection that answers nothing
 * @param groupPages how many pages are coded together
 * @param planWindow how many parts of a plan may be unanswered
 */
public record SenderSettings(
    Duration epoch, Duration retryAfter, Duration silenceMax, int groupPages, int planWindow) {

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
    return new SenderSettings(epoch, Duration.ofSeconds(5), Duration.ofSeconds(30), 256, 4);
  }
}
