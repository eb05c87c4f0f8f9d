package io.penumbra.sync.readiness;

import io.penumbra.domain.Guard;
import java.time.Instant;
import java.util.Optional;

/**
 * What is known of one shadow at one moment.
 *
 * @param acked its newest durable epoch whose root was verified; empty while there is none
 * @param pages how many pages the VM's state has
 * @param pagesPresent how many of them the shadow holds; less than all during the first transfer
 * @param pagesInDoubt how many are being asked for again because their hash was wrong
 * @param bytesBehind what has changed since the acked epoch, in bytes on the wire
 * @param dirtyBytesPerSecond how fast the primary changes its state, in bytes on the wire
 */
public record ShadowState(
    Optional<Acked> acked,
    long pages,
    long pagesPresent,
    long pagesInDoubt,
    double bytesBehind,
    double dirtyBytesPerSecond) {

  public ShadowState {
    if (pagesPresent < 0 || pagesPresent > pages) {
      throw new IllegalArgumentException(
          "%d of %d pages are present; expected 0 to all".formatted(pagesPresent, pages));
    }
    Guard.notNegative("pages in doubt", pagesInDoubt);
    if (!(bytesBehind >= 0) || !(dirtyBytesPerSecond >= 0)) {
      throw new IllegalArgumentException(
          "%s bytes behind, %s bytes/s dirtied; expected 0 or more"
              .formatted(bytesBehind, dirtyBytesPerSecond));
    }
  }

  /** A durable, verified epoch and when it was cut. */
  public record Acked(long epoch, Instant cutAt) {}
}
