package io.penumbra.sync.epoch;

/**
 * How far a cut is one moment. The names go over the wire.
 *
 * <p>A file that another process writes can't be stopped from outside. The cut copies pages, then
 * compares all of them once more: if none has changed in between, the copy is the state at a moment
 * between the two passes (the <i>double collect</i> of Afek et al., <i>Atomic Snapshots of Shared
 * Memory</i>, 1993; values are compared, so a page that changed and changed back goes unseen).
 */
public enum Consistency {
  /** Writers stood still: they were paused, or asked to be quiet. */
  QUIESCED,
  /** Two passes in a row saw the same state. */
  STABLE,
  /** Each page is whole, but pages may be of different moments: as after a power cut, and worse. */
  PAGEWISE
}
