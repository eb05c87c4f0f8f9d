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
  private final boolean concerned;
  private final double requestMost;

  Judgement(List<HostFilter> filters, Scoring scoring, Ask ask) {
    this.filters = filters;
    this.scoring = scoring;
    this.ask = ask;
    concerned = scoring.concernsRequest(ask);
    requestMost = scoring.requestMost(ask);
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
  public double score(double indexed, HostView host, long alike) {
    double requested = concerned ? scoring.requestScore(host, ask) : 0;
    return (indexed + requested) + scoring.pairScore(host, ask, alike);
  }

  @Override
  public double most(double indexed, long alike) {
    return (indexed + requestMost) + scoring.pairMost(ask, alike);
  }
}
