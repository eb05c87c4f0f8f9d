package io.penumbra.simulator.engine;

import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.HardwareFailure;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Answers whether a host will crash within some time; only figures may ask. */
final class FailureIndex {

  private final long[][] crashes;

  FailureIndex(int hosts, List<HardwareFailure> failures) {
    crashes = new long[hosts][];
    Arrays.fill(crashes, new long[0]);
    for (HardwareFailure failure : failures) {
      if (failure.kind() != FailureKind.SLOW) {
        long[] before = crashes[failure.host()];
        long[] after = Arrays.copyOf(before, before.length + 1);
        after[before.length] = failure.at().toNanos();
        crashes[failure.host()] = after;
      }
    }
  }

  boolean failsWithin(int host, long from, long horizon) {
    return nextWithin(host, from, horizon).isPresent();
  }

  /** When it fails next, if that is within the horizon. */
  OptionalLong nextWithin(int host, long from, long horizon) {
    for (long at : crashes[host]) {
      if (at >= from && at <= from + horizon) {
        return OptionalLong.of(at);
      }
    }
    return OptionalLong.empty();
  }
}
