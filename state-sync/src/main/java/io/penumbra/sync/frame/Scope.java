package io.penumbra.sync.frame;

import io.penumbra.domain.Guard;

/** How much the receiver wants to compare, from little to everything. */
public sealed interface Scope {

  /** The pages that have changed in this epoch. */
  record Changed() implements Scope {}

  /** All pages of a region. */
  record InRegion(int region) implements Scope {

    public InRegion {
      Guard.notNegative("region", region);
    }
  }

  /** All pages. */
  record Everything() implements Scope {}
}
