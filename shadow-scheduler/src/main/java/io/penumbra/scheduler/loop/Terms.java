package io.penumbra.scheduler.loop;

/**
 * The terms of one VM: every time somebody is made its primary, that is a new term. State of an
 * older term than the serving one is not promoted, however high its epoch is, for it lacks what was
 * done and acked since.
 *
 * @param serving the term of the primary that serves, or served last
 * @param issued the highest term that anybody was told; a command that was never answered may have
 *     worked, so this can be higher
 */
record Terms(long serving, long issued) {

  static final Terms FIRST = new Terms(0, 0);

  Terms {
    if (serving < 0 || issued < serving) {
      throw new IllegalArgumentException(
          "terms: serving %d, issued %d; expected 0 <= serving <= issued"
              .formatted(serving, issued));
    }
  }

  Terms issue() {
    return new Terms(serving, issued + 1);
  }

  Terms serve(long term) {
    return new Terms(term, Math.max(term, issued));
  }
}
