package io.penumbra.simulator.workload;

import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.scenario.ArrivalLaws;
import io.penumbra.simulator.scenario.ArrivalLaws.LifetimeShare;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws lifetimes batch by batch: VMs that are started together mostly live alike. */
final class Lifetimes {

  private final ArrivalLaws laws;
  private final Seeds seeds;
  private final double shares;
  private RandomGenerator random;
  private int kind = -1;

  Lifetimes(ArrivalLaws laws, Seeds seeds) {
    this.laws = laws;
    this.seeds = seeds;
    this.shares = laws.lifetimes().stream().mapToDouble(LifetimeShare::share).sum();
    this.random = seeds.stream("lifetime", 0);
  }

  /** From here on VMs are of this batch, which has a stream of its own. */
  void startBatch(int batch) {
    random = seeds.stream("lifetime", batch);
    kind = -1;
  }

  /** The lifetime of the batch's next VM. */
  long nextMillis() {
    double repeat = random.nextDouble();
    if (kind < 0 || repeat >= laws.repeat()) {
      kind = draw();
    }
    LifetimeShare law = laws.lifetimes().get(kind);
    double minutes = new LogNormal(law.medianMinutes(), law.sigma()).draw(random);
    return Math.max(1, Math.round(Math.min(minutes, 1e9) * 60_000));
  }

  private int draw() {
    List<LifetimeShare> kinds = laws.lifetimes();
    double left = random.nextDouble() * shares;
    for (int i = 0; i < kinds.size(); i++) {
      left -= kinds.get(i).share();
      if (left < 0) {
        return i;
      }
    }
    return kinds.size() - 1;
  }
}
