package io.penumbra.adapter.openstack;

import io.penumbra.domain.VmId;

/**
 * Removes states of VMs that are gone, with all their servers. Glance is asked which there are:
 * what was cut at the very end, could not be deleted when its VM was, or is of one that was deleted
 * while nobody looked, nobody else knows of.
 *
 * <p>As long as there may be servers that nobody has seen, such as those in a cell that is down,
 * nothing is removed.
 */
final class StateSweep implements Sweeper.Sweep {

  private final Books books;
  private final Lookout lookout;
  private final StateImages images;
  private final Turns turns;

  StateSweep(Books books, Lookout lookout, StateImages images, Turns turns) {
    this.books = books;
    this.lookout = lookout;
    this.images = images;
    this.turns = turns;
  }

  @Override
  public boolean sweep() throws InterruptedException {
    if (!lookout.isWhole()) {
      return books.filled(); // else the first look is under way
    }
    boolean all = true;
    for (VmId vm : images.ofWhom()) {
      if (!books.keepsStates(vm)) {
        all &= drop(vm);
      }
    }
    return all;
  }

  private boolean drop(VmId vm) throws InterruptedException {
    turns.begin(vm); // a shadow may be being made again, from a state that no server names yet
    try {
      return books.keepsStates(vm) || (lookout.isWhole() && images.dropOlder(vm));
    } finally {
      turns.end(vm);
    }
  }
}
