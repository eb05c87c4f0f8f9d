package io.penumbra.sync.encode;

import java.util.EnumMap;
import java.util.function.Supplier;

/**
 * Chooses the coding that costs least: the bytes it makes by what a byte costs on the link, and the
 * time it takes by what CPU time costs, see {@link Prices}. What a coding makes of pages, and how
 * long it takes, is measured per kind of group, and forgotten slowly; prices are asked for at each
 * choice, so a link that slows down is felt at once.
 *
 * <p>The other codings are tried again now and then, the dearer the more seldom, so that all trials
 * together take no more than a small share of what is spent. One is never tried whose time alone,
 * as seen on groups in which less has changed, costs more than the best does in all.
 *
 * <p>Holds no clock and no dice: the same measurements and prices make the same choices.
 */
final class CodingChooser {

  /** A coding is tried again when it would add 2 % to what was spent since. */
  private static final double TRIALS = 50;

  /** The first measurements are mostly of a cold machine: don't wait long for better ones. */
  private static final double EARLY_TRIALS = 5;

  private static final int EARLY = 3;

  private static final int FEW_PAGES = 32;
  private static final double CLOSE = 2;

  private static final double NEWEST = 0.2;

  private static final Coding[] CODINGS = Coding.values();
  private static final GroupKind[] KINDS = GroupKind.values();

  /** What one coding has made of one kind of groups. */
  private static final class Measured {
    int trials;
    double bytesPerPage;
    double nanosPerPage;

    /** Spent on this kind of groups since this coding was tried last. */
    double spentSince;

    double cost(Coding coding, Prices prices) {
      return prices.of(bytesPerPage, nanosPerPage * coding.bothEnds());
    }

    void add(double bytes, double nanos) {
      bytesPerPage = trials == 0 ? bytes : bytesPerPage + NEWEST * (bytes - bytesPerPage);
      nanosPerPage =
          trials == 0
              ? nanos
              : trials < EARLY
                  ? Math.min(nanosPerPage, nanos)
                  : nanosPerPage + NEWEST * (nanos - nanosPerPage);
      trials++;
      spentSince = 0;
    }
  }

  private final Supplier<Prices> prices;
  private final EnumMap<GroupKind, EnumMap<Coding, Measured>> measured =
      new EnumMap<>(GroupKind.class);

  CodingChooser(Supplier<Prices> prices) {
    this.prices = prices;
  }

  /**
   * What to do next.
   *
   * @param pages how many of the group's pages to code so; then ask again
   */
  record Choice(Coding coding, int pages) {}

  /** How to code so many pages of a kind, or the first of them. */
  Choice choose(GroupKind kind, int pages) {
    Prices now = prices.get();
    Coding best = best(kind, now);
    if (of(kind, best).trials == 0) {
      return new Choice(best, Math.min(pages, FEW_PAGES));
    }
    double least = of(kind, best).cost(best, now);
    for (Coding coding : CODINGS) {
      int trial = trialPages(kind, coding, pages, least, now);
      if (possible(kind, coding) && isDue(kind, coding, trial, least, now)) {
        return new Choice(coding, trial);
      }
    }
    return new Choice(best, pages);
  }

  /** Few, unless it is in sight of the best: then all, since small groups are coded worse. */
  private int trialPages(GroupKind kind, Coding coding, int pages, double least, Prices now) {
    Measured seen = of(kind, coding);
    boolean close = seen.trials > 0 && seen.cost(coding, now) < CLOSE * least;
    return close ? pages : Math.min(pages, FEW_PAGES);
  }

  /** What came of it. */
  void measured(GroupKind kind, Coding coding, int pages, long bytes, long nanoseconds) {
    double bytesPerPage = (double) bytes / pages;
    double nanosPerPage = (double) nanoseconds / pages;
    double spent = prices.get().of(bytesPerPage, nanosPerPage * coding.bothEnds()) * pages;
    for (Coding other : CODINGS) {
      of(kind, other).spentSince += spent;
    }
    of(kind, coding).add(bytesPerPage, nanosPerPage);
  }

  private Coding best(GroupKind kind, Prices now) {
    Coding best = Coding.FAST;
    double least = Double.POSITIVE_INFINITY;
    for (Coding coding : CODINGS) {
      Measured seen = of(kind, coding);
      if (seen.trials > 0 && seen.cost(coding, now) < least) {
        least = seen.cost(coding, now);
        best = coding;
      }
    }
    return best;
  }

  private boolean isDue(GroupKind kind, Coding coding, int pages, double least, Prices now) {
    Measured seen = of(kind, coding);
    if (seen.trials == 0) {
      return now.of(0, leastNanos(kind, coding) * coding.bothEnds()) < least;
    }
    double excess = seen.cost(coding, now) - least;
    double trials = seen.trials < EARLY ? EARLY_TRIALS : TRIALS;
    return excess > 0 && seen.spentSince >= trials * excess * pages;
  }

  /** The least time per page that the coding has needed for groups with no more changes. */
  private double leastNanos(GroupKind kind, Coding coding) {
    double least = Double.POSITIVE_INFINITY;
    for (GroupKind other : KINDS) {
      Measured seen = of(other, coding);
      if (other.compareTo(kind) <= 0 && seen.trials > 0) {
        least = Math.min(least, seen.nanosPerPage);
      }
    }
    return Double.isInfinite(least) ? 0 : least;
  }

  private Measured of(GroupKind kind, Coding coding) {
    return measured
        .computeIfAbsent(kind, _ -> new EnumMap<>(Coding.class))
        .computeIfAbsent(coding, _ -> new Measured());
  }

  /** The model needs the pages before. */
  private static boolean possible(GroupKind kind, Coding coding) {
    return kind != GroupKind.ALONE || coding != Coding.MODEL;
  }
}
