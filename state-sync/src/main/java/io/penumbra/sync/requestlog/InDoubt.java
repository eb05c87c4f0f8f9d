package io.penumbra.sync.requestlog;

/**
 * What to do after a takeover with a request that had been delivered before the cut and not yet
 * answered: the epoch holds it read, half done or not at all, and nobody can say which. A quiet cut
 * has none of them.
 */
public enum InDoubt {
  /** Tell the shadow again: done at least once. For requests that may be done twice. */
  REPLAY,
  /** Don't: done at most once. The client is left without an answer, as by any crash. */
  GIVE_UP
}
