package io.penumbra.adapter.traffic.gateway;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All gateways in front of one VM: its services, or several gateways for one. A cut is quiet if it
 * is quiet at all of them at once.
 */
public final class GatewayGroup {

  private final List<GatewayControl> gateways;

  /** Drives these gateways together, in this order. */
  public GatewayGroup(List<? extends GatewayControl> gateways) {
    this.gateways = List.copyOf(gateways);
  }

  /** Asks each for quiet; if one refuses, lets the others go on. */
  public Hold beginCut(Duration wait) {
    long deadline = System.nanoTime() + wait.toNanos();
    int outstanding = 0;
    long waited = 0;
    List<GatewayControl> held = new ArrayList<>();
    for (GatewayControl gateway : gateways) {
      Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
      switch (gateway.beginCut(left)) {
        case Hold.Held one -> {
          held.add(gateway);
          outstanding += one.outstanding();
          waited += one.waitedMicros();
        }
        case Hold.Refused refused -> {
          held.forEach(GatewayControl::cancelCut);
          return refused;
        }
      }
    }
    return new Hold.Held(outstanding, waited);
  }

  /** Reports the cut to each; the answers are in the order of the gateways. */
  public List<Cut> cut(long epoch) {
    return gateways.stream().map(gateway -> gateway.cut(epoch)).toList();
  }

  /** Lets all go on without an epoch. */
  public void cancelCut() {
    gateways.forEach(GatewayControl::cancelCut);
  }

  /** Tells all that an epoch is acked. */
  public int acked(long epoch) {
    return gateways.stream().mapToInt(gateway -> gateway.acked(epoch)).sum();
  }

  /** Why the last cut can't be taken over from, if one of the answers says so. */
  public static Optional<String> lapse(List<Cut> cuts) {
    return cuts.stream()
        .filter(Cut.Lapsed.class::isInstance)
        .map(cut -> ((Cut.Lapsed) cut).why())
        .findFirst();
  }
}
