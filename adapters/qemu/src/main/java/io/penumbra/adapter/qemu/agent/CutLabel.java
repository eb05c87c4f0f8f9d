package io.penumbra.adapter.qemu.agent;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an agent stamps on every cut of a VM: the term of its primary, and a number that counts up
 * over all terms and for all shadows of the VM alike. The engine numbers epochs for each pair of
 * ends; this number is what the controller calls the epoch. It travels among the vitals of the
 * epoch's health, so it is as durable and as verified as the epoch.
 */
public record CutLabel(long term, long epoch) implements Comparable<CutLabel> {

  static final String TERM = "penumbra.term";
  static final String EPOCH = "penumbra.epoch";

  /** Doubles hold whole numbers up to this. */
  private static final long MOST = 1L << 53;

  public CutLabel {
    if (term < 0 || term > MOST || epoch < 0 || epoch > MOST) {
      throw new IllegalArgumentException(
          "term %d, epoch %d; expected 0 to 2^53".formatted(term, epoch));
    }
  }

  /** The label on an epoch; empty if no agent has closed it. */
  public static Optional<CutLabel> of(EpochManifest manifest) {
    return of(manifest.health());
  }

  static Optional<CutLabel> of(HealthSnapshot health) {
    SortedMap<String, Double> vitals = health.vitals();
    Double term = vitals.get(TERM);
    Double epoch = vitals.get(EPOCH);
    return term == null || epoch == null
        ? Optional.empty()
        : Optional.of(new CutLabel(term.longValue(), epoch.longValue()));
  }

  /** A health snapshot with this label on it. */
  HealthSnapshot on(HealthSnapshot health) {
    SortedMap<String, Double> vitals = new TreeMap<>(health.vitals());
    vitals.put(TERM, (double) term);
    vitals.put(EPOCH, (double) epoch);
    return new HealthSnapshot(health.condition(), vitals);
  }

  @Override
  public int compareTo(CutLabel other) {
    int byTerm = Long.compare(term, other.term);
    return byTerm != 0 ? byTerm : Long.compare(epoch, other.epoch);
  }
}
