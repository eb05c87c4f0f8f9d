package io.penumbra.placement.fleet;

/**
 * What the indexed part of a host's score is added up from. Terms are kept by the index, so that
 * only those that can have changed are computed again: when one host of a rack changes, only the
 * terms that look at the rack change for the others.
 */
public interface ScoreTerms {

  /** How many terms there are. */
  int count();

  /** One term of a host: it depends on nothing but the host, and on its rack if so declared. */
  double term(int which, HostView host);

  /** Whether the term also changes as other hosts of the rack change. */
  boolean looksAtRack(int which);

  /** The score that the terms add up to, which are the next {@link #count} from {@code from}. */
  double score(boolean shadow, double[] terms, int from);
}
