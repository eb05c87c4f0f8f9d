package io.penumbra.adapter.qemu.agent;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Gives guests more of the CPU than everything else on their host for as long as work has to wait
 * for it (PSI, "cpu some" of the last ten seconds), and takes it back when it is calm. Between the
 * two thresholds nothing changes. Used by one thread at a time.
 */
final class PressureRelief {

  private static final double RAISE_FROM = 0.4;
  private static final double CALM_BELOW = 0.2;
  private static final int NORMAL = 100;

  private final int weight;
  private final Map<Long, Integer> given = new TreeMap<>();
  private volatile boolean raised;
  private volatile String trouble = "";

  /** Raises to that weight; 0 for never. */
  PressureRelief(int weight) {
    this.weight = weight;
  }

  /** Whether guests have more than is normal now. */
  boolean raised() {
    return raised;
  }

  /** Why guests can't be given more; empty when they can. */
  String trouble() {
    return trouble;
  }

  synchronized void look(Optional<Double> cpuPressure, List<Hypervisor.Guest> guests) {
    if (weight == 0) {
      return;
    }
    double pressure = cpuPressure.orElse(0.0);
    raised = raised ? pressure >= CALM_BELOW : pressure > RAISE_FROM;
    int wanted = raised ? weight : NORMAL;
    for (Hypervisor.Guest guest : guests) {
      if (given.getOrDefault(guest.pid(), NORMAL) != wanted) {
        give(guest, wanted);
      }
    }
    given.keySet().retainAll(guests.stream().map(Hypervisor.Guest::pid).toList());
  }

  private void give(Hypervisor.Guest guest, int wanted) {
    try {
      guest.share(wanted);
      trouble = "";
    } catch (HypervisorException e) {
      // Said once and shown; asking again every second would change nothing.
      trouble = e.text();
    }
    given.put(guest.pid(), wanted);
  }
}
