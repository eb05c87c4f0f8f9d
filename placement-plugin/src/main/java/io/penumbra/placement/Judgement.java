package io.penumbra.placement;

import io.penumbra.placement.fleet.BestFirst;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.List;

/** Puts hosts before all filters and scores them in full, for one ask. */
final class Judgement implements BestFirst.Judge {

  private final List<HostFilter> filters;
  private final Scoring scoring;
  private final Ask ask;
  private final double requestMost;
  private final double pairMost;

  Judgement(List<HostFilter> filters, Scoring scoring, Ask ask) {
    this.filters = filters;
    this.scoring = scoring;
    this.ask = ask;
    requestMost = scoring.requestMost(ask);
    pairMost = scoring.pairMost(ask);
  }

  Ask ask() {
    return ask;
  }

  @Override
  public boolean passes(HostView host) {
    for (int i = 0; i < filters.size(); i++) {
      if (!filters.get(i).passes(host, ask)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public double score(double indexed, HostView host) {
    return (indexed + scoring.requestScore(host, ask)) + scoring.pairScore(host, ask);
  }

  @Override
  public double most(double indexed) {
    return (indexed + requestMost) + pairMost;
  }
}
