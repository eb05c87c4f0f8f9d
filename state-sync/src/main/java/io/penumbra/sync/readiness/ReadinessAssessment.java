package io.penumbra.sync.readiness;

import io.penumbra.domain.Guard;
import io.penumbra.sync.readiness.Readiness.Loss;
import io.penumbra.sync.readiness.Readiness.PlannedMigration;
import io.penumbra.sync.readiness.ShadowState.Acked;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Weighs what is known of a shadow. Pure.
 *
 * @param rpo how much time may be lost; a shadow that is further behind is so much less complete
 * @param pauseMax the longest pause for which a planned migration is offered
 * @param activation how long a shadow takes from the order to the first answer
 */
public record ReadinessAssessment(Duration rpo, Duration pauseMax, Duration activation) {

  private static final double NANOS = 1e9;

  /** Above this, two digits of a percentage would say a hundred. */
  private static final double DELIVERY_TOLD = 0.99995;

  /** A pause beyond this is no migration, and no number that fits a duration. */
  private static final double SECONDS_MAX = 1e6;

  public ReadinessAssessment {
    Guard.positive("rpo in seconds", seconds(rpo));
    Guard.notNegative("pauseMax", pauseMax.toNanos());
    Guard.notNegative("activation", activation.toNanos());
  }

  /** How ready the shadow is now. */
  public Readiness assess(ShadowState shadow, NetworkForecast network, Instant now) {
    List<String> reasons = new ArrayList<>();
    double consistency = consistency(shadow, reasons);
    double completeness = completeness(shadow, now, reasons);
    double stability = stability(shadow, network, reasons);
    return new Readiness(
        consistency * completeness * stability,
        consistency,
        completeness,
        stability,
        reasons,
        shadow.acked().map(acked -> loss(acked, shadow, now)),
        planned(shadow, network));
  }

  private static double consistency(ShadowState shadow, List<String> reasons) {
    if (shadow.acked().isEmpty()) {
      reasons.add("consistency 0: no epoch is verified yet");
      return 0;
    }
    if (shadow.pagesInDoubt() == 0) {
      return 1;
    }
    double sound = Math.max(0, 1 - shadow.pagesInDoubt() / (double) Math.max(1, shadow.pages()));
    reasons.add(
        String.format(
            Locale.ROOT,
            "consistency %.3f: %d pages are being asked for again",
            sound,
            shadow.pagesInDoubt()));
    return sound;
  }

  private double completeness(ShadowState shadow, Instant now, List<String> reasons) {
    double present = shadow.pages() == 0 ? 1 : shadow.pagesPresent() / (double) shadow.pages();
    if (present < 1) {
      reasons.add(
          String.format(
              Locale.ROOT,
              "completeness: %d of %d pages are there",
              shadow.pagesPresent(),
              shadow.pages()));
    }
    if (shadow.acked().isEmpty()) {
      return present;
    }
    Duration behind = age(shadow.acked().get(), now);
    double current = Math.min(1, seconds(rpo) / Math.max(seconds(behind), 1e-9));
    if (current < 1) {
      reasons.add(
          String.format(
              Locale.ROOT,
              "completeness: epoch %d is %d ms old, the RPO is %d ms",
              shadow.acked().get().epoch(),
              behind.toMillis(),
              rpo.toMillis()));
    }
    return present * current;
  }

  /** Paths that carry less than the VM changes fall behind, however reliable they are. */
  private static double stability(
      ShadowState shadow, NetworkForecast network, List<String> reasons) {
    if (network.bytesPerSecond() == 0) {
      reasons.add("stability 0: no path to the shadow is usable");
      return 0;
    }
    double keepsUp = 1;
    if (network.bytesPerSecond() < shadow.dirtyBytesPerSecond()) {
      keepsUp = network.bytesPerSecond() / shadow.dirtyBytesPerSecond();
      reasons.add(
          String.format(
              Locale.ROOT,
              "stability: the VM changes %.1f MB/s, the paths carry %.1f MB/s",
              shadow.dirtyBytesPerSecond() / 1e6,
              network.bytesPerSecond() / 1e6));
    }
    if (network.delivery() < DELIVERY_TOLD) {
      reasons.add(
          String.format(
              Locale.ROOT,
              "stability: %.2f %% of frame groups arrive at once",
              100 * network.delivery()));
    }
    return keepsUp * network.delivery();
  }

  private Loss loss(Acked acked, ShadowState shadow, Instant now) {
    return new Loss(acked.epoch(), age(acked, now), shadow.bytesBehind(), activation);
  }

  /** Offered only over verified and complete ground, and when the last sync fits in the pause. */
  private Optional<PlannedMigration> planned(ShadowState shadow, NetworkForecast network) {
    if (shadow.acked().isEmpty()
        || shadow.pagesInDoubt() > 0
        || shadow.pagesPresent() < shadow.pages()
        || network.bytesPerSecond() == 0) {
      return Optional.empty();
    }
    double lastSync = Math.min(shadow.bytesBehind() / network.bytesPerSecond(), SECONDS_MAX);
    Duration pause =
        Duration.ofNanos(Math.round(lastSync * NANOS))
            .plus(network.oneWay().multipliedBy(2))
            .plus(activation);
    return pause.compareTo(pauseMax) > 0
        ? Optional.empty()
        : Optional.of(new PlannedMigration(pause));
  }

  /** Never negative, however clocks differ. */
  private static Duration age(Acked acked, Instant now) {
    Duration age = Duration.between(acked.cutAt(), now);
    return age.isNegative() ? Duration.ZERO : age;
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / NANOS;
  }
}
