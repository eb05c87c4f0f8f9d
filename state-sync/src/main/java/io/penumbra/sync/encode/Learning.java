package io.penumbra.sync.encode;

import io.penumbra.sync.predict.PageModel;
import io.penumbra.sync.predict.PagePredictor;

/**
 * What one end has learned, and from what. A block is coded on a copy of the accepted model. Of the
 * blocks of an epoch one teaches: the one with the most pages, so both ends name the same one
 * whatever the order in which blocks came, and nothing is learned before the epoch is accepted.
 *
 * <p>A model is known by a number that depends on every block that ever taught it; 0 knows nothing.
 */
final class Learning {

  /** A model and the walk that uses it. */
  private static final class State {
    final PageModel model = new PageModel();
    final PagePredictor predictor = new PagePredictor(model);
  }

  private State accepted = new State();
  private State work = new State();
  private State pending = new State();
  private long id;
  private long pendingKey = -1;

  long id() {
    return id;
  }

  /**
   * A walk over the pages of a block.
   *
   * @param used whether it will be; only then it starts from the accepted model
   */
  PagePredictor begin(boolean used) {
    if (used) {
      work.model.copyFrom(accepted.model);
    }
    return work.predictor;
  }

  /** The walk is over; its block has this checksum. */
  void end(int pages, int checksum) {
    long key = (long) pages << 32 | Integer.toUnsignedLong(checksum);
    if (key > pendingKey) {
      State done = work;
      work = pending;
      pending = done;
      pendingKey = key;
    }
  }

  void accepted() {
    if (pendingKey >= 0) {
      State learned = pending;
      pending = accepted;
      accepted = learned;
      id = mix(id, pendingKey);
      pendingKey = -1;
    }
  }

  void discard() {
    pendingKey = -1;
  }

  void reset() {
    discard();
    accepted.model.forget();
    id = 0;
  }

  boolean sameAs(Learning other) {
    return id == other.id && accepted.model.sameAs(other.accepted.model);
  }

  private static long mix(long id, long key) {
    long mixed = (id ^ key) * 0x9E3779B97F4A7C15L;
    mixed ^= mixed >>> 32;
    mixed *= 0xD6E8FEB86659FD93L;
    return (mixed ^ mixed >>> 32) | 1;
  }
}
