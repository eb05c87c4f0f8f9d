package io.penumbra.sync.encode;

/**
 * What a group of pages is like, so that codings are judged by groups of their like: how many of a
 * page's 512 words have changed, on average, or that the pages are sent without those before.
 */
enum GroupKind {
  FEW,
  SOME,
  MANY,
  MOST,
  NEW,
  ALONE;

  static GroupKind of(double changedWords) {
    if (changedWords < 8) {
      return FEW;
    }
    if (changedWords < 32) {
      return SOME;
    }
    if (changedWords < 96) {
      return MANY;
    }
    return changedWords < 256 ? MOST : NEW;
  }
}
