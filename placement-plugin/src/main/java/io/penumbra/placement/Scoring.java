package io.penumbra.placement;

import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.PlacementSettings.Multipliers;
import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.ScoreTerms;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Catalogue;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.PairWeigher;
import io.penumbra.placement.spi.RequestWeigher;
import io.penumbra.placement.spi.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The weighers with their multipliers. A host's score is (sum over host weighers + sum over request
 * weighers) + sum over pair weighers, each sum in name order; always added up in this order, so
 * that the index, a full scan and a replay get the same bits.
 */
final class Scoring {

  private final List<HostWeigher> hostWeighers;
  private final List<RequestWeigher> requestWeighers;
  private final List<PairWeigher> pairWeighers;
  private final double[][] hostMultipliers = new double[2][];
  private final double[][] requestMultipliers = new double[2][];
  private final double[] pairMultipliers;

  /** What hosts can share, as the pair weighers that count name it; some may name nothing. */
  private final List<HostAttribute> attributes;

  private final boolean exact;

  /**
   * By pair weigher: the bits of its attribute, one for each companion; none if it names nothing.
   */
  private final long[] pairBits;

  // For one companion, by the attributes that are shared with it.
  private final double[] pairExactly;
  private final double[] pairMost;

  Scoring(Catalogue catalogue, PlacementSettings settings) {
    hostWeighers = catalogue.hostWeighers();
    requestWeighers = catalogue.requestWeighers();
    pairWeighers = catalogue.pairWeighers();
    List<String> names = new ArrayList<>(hostWeighers.stream().map(HostWeigher::name).toList());
    names.addAll(requestWeighers.stream().map(RequestWeigher::name).toList());
    requireKnown("weigher", settings.weighers(), names);
    requireKnown(
        "pair weigher",
        settings.jointFailure(),
        pairWeighers.stream().map(PairWeigher::name).toList());
    for (Role role : Role.values()) {
      hostMultipliers[at(role)] =
          multipliers(
              settings, hostWeighers, HostWeigher::name, w -> w.defaultMultiplier(role), role);
      requestMultipliers[at(role)] =
          multipliers(
              settings,
              requestWeighers,
              RequestWeigher::name,
              w -> w.defaultMultiplier(role),
              role);
    }
    pairMultipliers =
        pairWeighers.stream()
            .mapToDouble(w -> settings.jointFailure().getOrDefault(w.name(), w.defaultMultiplier()))
            .toArray();
    attributes = attributesThatCount();
    exact = everyPairWeigherNamesItsAttribute();
    pairBits = pairWeighers.stream().mapToLong(this::bitsOf).toArray();
    pairExactly = pairTable(false);
    pairMost = pairTable(true);
  }

  private List<HostAttribute> attributesThatCount() {
    Set<HostAttribute> found = EnumSet.noneOf(HostAttribute.class);
    for (int i = 0; i < pairMultipliers.length; i++) {
      if (pairMultipliers[i] != 0) {
        pairWeighers.get(i).attribute().ifPresent(found::add);
      }
    }
    return List.copyOf(found);
  }

  private boolean everyPairWeigherNamesItsAttribute() {
    for (int i = 0; i < pairMultipliers.length; i++) {
      if (pairMultipliers[i] != 0 && pairWeighers.get(i).attribute().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private long bitsOf(PairWeigher weigher) {
    long bits = 0;
    int first = weigher.attribute().map(attributes::indexOf).orElse(-1);
    for (int bit = first; bit >= 0 && bit < Long.SIZE; bit += attributes.size()) {
      bits |= 1L << bit;
    }
    return bits;
  }

  /** The multiplier that a host weigher has in a role, 0 for a name that no weigher has. */
  double multiplier(String hostWeigher, Role role) {
    for (int i = 0; i < hostWeighers.size(); i++) {
      if (hostWeighers.get(i).name().equals(hostWeigher)) {
        return hostMultipliers[at(role)][i];
      }
    }
    return 0;
  }

  /** What the host weighers give: the part of the score that the index keeps. */
  double hostScore(HostView host, Role role) {
    double[] multipliers = hostMultipliers[at(role)];
    double sum = 0;
    for (int i = 0; i < multipliers.length; i++) {
      if (multipliers[i] != 0) {
        sum += multipliers[i] * normalised(hostWeighers.get(i), host);
      }
    }
    return sum;
  }

  /** {@link #hostScore} in terms, one for each host weigher that counts in either role. */
  ScoreTerms hostTerms() {
    return new HostTerms(
        IntStream.range(0, hostWeighers.size())
            .filter(i -> hostMultipliers[0][i] != 0 || hostMultipliers[1][i] != 0)
            .toArray());
  }

  private final class HostTerms implements ScoreTerms {
    private final int[] weighers;

    HostTerms(int[] weighers) {
      this.weighers = weighers;
    }

    @Override
    public int count() {
      return weighers.length;
    }

    @Override
    public double term(int which, HostView host) {
      return normalised(hostWeighers.get(weighers[which]), host);
    }

    @Override
    public boolean looksAtRack(int which) {
      return hostWeighers.get(weighers[which]).looksAtRack();
    }

    @Override
    public double score(boolean shadow, double[] terms, int from) {
      double[] multipliers = hostMultipliers[at(shadow ? Role.SHADOW : Role.PRIMARY)];
      double sum = 0;
      for (int i = 0; i < weighers.length; i++) {
        if (multipliers[weighers[i]] != 0) {
          sum += multipliers[weighers[i]] * terms[from + i];
        }
      }
      return sum;
    }
  }

  /** Whether the request weighers give any host another score than 0. */
  boolean concernsRequest(Ask ask) {
    double[] multipliers = requestMultipliers[at(ask.role())];
    for (int i = 0; i < multipliers.length; i++) {
      if (multipliers[i] != 0 && requestWeighers.get(i).concerns(ask)) {
        return true;
      }
    }
    return false;
  }

  /** What the request weighers give. */
  double requestScore(HostView host, Ask ask) {
    double[] multipliers = requestMultipliers[at(ask.role())];
    double sum = 0;
    for (int i = 0; i < multipliers.length; i++) {
      RequestWeigher weigher = requestWeighers.get(i);
      if (multipliers[i] != 0 && weigher.concerns(ask)) {
        double raw = weigher.raw(host, ask);
        sum += multipliers[i] * inScale(weigher.name(), host, raw, weigher.normalise(raw));
      }
    }
    return sum;
  }

  /** The most that the request weighers could give any host; 0 when none concerns the request. */
  double requestMost(Ask ask) {
    double[] multipliers = requestMultipliers[at(ask.role())];
    double sum = 0;
    for (int i = 0; i < multipliers.length; i++) {
      if (multipliers[i] > 0 && requestWeighers.get(i).concerns(ask)) {
        sum += multipliers[i];
      }
    }
    return sum;
  }

  /** What the pair weighers give for the host beside the companions, if there are any. */
  double pairScore(HostView host, Ask ask) {
    double sum = 0;
    if (!ask.companions().isEmpty()) {
      for (int i = 0; i < pairMultipliers.length; i++) {
        if (pairMultipliers[i] != 0) {
          sum += pairMultipliers[i] * shared(pairWeighers.get(i), host, ask);
        }
      }
    }
    return sum;
  }

  /**
   * Attributes by which the pair weighers that count tell hosts apart, as the index counts them.
   */
  List<HostAttribute> attributes() {
    return attributes;
  }

  /**
   * The same as {@link #pairScore(HostView, Ask)} where it is known what host and companions share.
   */
  double pairScore(HostView host, Ask ask, long alike) {
    return exact && ask.companions().size() == 1 ? pairExactly[(int) alike] : pairScore(host, ask);
  }

  /**
   * The most that the pair weighers could give a host that has at least this in common with the
   * companions. Added up like {@link #pairScore}, so that rounding cannot put a host above it.
   */
  double pairMost(Ask ask, long alike) {
    return switch (ask.companions().size()) {
      case 0 -> 0;
      case 1 -> pairMost[(int) alike];
      default -> pairMost(alike, ask.companions().size());
    };
  }

  private double pairMost(long alike, int companions) {
    double sum = 0;
    for (int i = 0; i < pairMultipliers.length; i++) {
      if (pairMultipliers[i] > 0) {
        sum += pairMultipliers[i];
      } else if (pairMultipliers[i] < 0) {
        sum += pairMultipliers[i] * (Long.bitCount(alike & pairBits[i]) / (double) companions);
      }
    }
    return sum;
  }

  /** For one companion, by what a host shares with it. */
  private double[] pairTable(boolean most) {
    double[] table = new double[1 << attributes.size()];
    for (int alike = 0; alike < table.length; alike++) {
      for (int i = 0; i < pairMultipliers.length; i++) {
        if (pairMultipliers[i] != 0) {
          boolean shares = (alike & pairBits[i]) != 0 || (most && pairMultipliers[i] > 0);
          table[alike] += pairMultipliers[i] * (shares ? 1 : 0);
        }
      }
    }
    return table;
  }

  /** The host's score in full. */
  double score(HostView host, Ask ask) {
    return (hostScore(host, ask.role()) + requestScore(host, ask)) + pairScore(host, ask);
  }

  /** Every weigher's part in {@link #score}. */
  List<WeigherScore> scores(HostView host, Ask ask) {
    List<WeigherScore> all =
        new ArrayList<>(hostWeighers.size() + requestWeighers.size() + pairWeighers.size());
    for (int i = 0; i < hostWeighers.size(); i++) {
      HostWeigher weigher = hostWeighers.get(i);
      double raw = weigher.raw(host);
      all.add(
          part(weigher.name(), raw, normalised(weigher, host), hostMultipliers[at(ask.role())][i]));
    }
    for (int i = 0; i < requestWeighers.size(); i++) {
      RequestWeigher weigher = requestWeighers.get(i);
      if (weigher.concerns(ask)) {
        double raw = weigher.raw(host, ask);
        double normalised = inScale(weigher.name(), host, raw, weigher.normalise(raw));
        all.add(part(weigher.name(), raw, normalised, requestMultipliers[at(ask.role())][i]));
      }
    }
    for (int i = 0; i < pairWeighers.size() && !ask.companions().isEmpty(); i++) {
      double shared = shared(pairWeighers.get(i), host, ask);
      all.add(part(pairWeighers.get(i).name(), shared, shared, pairMultipliers[i]));
    }
    return all;
  }

  private static WeigherScore part(String name, double raw, double normalised, double multiplier) {
    return new WeigherScore(name, raw, normalised, multiplier, multiplier * normalised);
  }

  private static double shared(PairWeigher weigher, HostView host, Ask ask) {
    double sum = 0;
    for (int c = 0; c < ask.companions().size(); c++) {
      double shared = weigher.shared(host, ask.companions().get(c));
      sum += inScale(weigher.name(), host, shared, shared);
    }
    return sum / ask.companions().size();
  }

  private static double normalised(HostWeigher weigher, HostView host) {
    double raw = weigher.raw(host);
    return inScale(weigher.name(), host, raw, weigher.normalise(raw));
  }

  private static double inScale(String weigher, HostView host, double raw, double normalised) {
    if (!(normalised >= 0 && normalised <= 1)) {
      throw new IllegalStateException(
          "weigher '%s' maps %s of host %s to %s; expected 0 to 1"
              .formatted(weigher, raw, host.host().id(), normalised));
    }
    return normalised;
  }

  private static <T> double[] multipliers(
      PlacementSettings settings,
      List<T> weighers,
      Function<T, String> name,
      Function<T, Double> byDefault,
      Role role) {
    double[] result = new double[weighers.size()];
    for (int i = 0; i < result.length; i++) {
      Multipliers configured = settings.weighers().get(name.apply(weighers.get(i)));
      result[i] =
          configured == null
              ? byDefault.apply(weighers.get(i))
              : switch (role) {
                case PRIMARY -> configured.primary();
                case SHADOW -> configured.shadow();
              };
    }
    return result;
  }

  private static void requireKnown(
      String what, SortedMap<String, ?> configured, Collection<String> known) {
    TreeMap<String, Object> unknown = new TreeMap<>(configured);
    unknown.keySet().removeAll(known);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "no %s is called %s; known are %s"
              .formatted(
                  what,
                  String.join(", ", unknown.keySet()),
                  String.join(", ", known.stream().sorted().toList())));
    }
  }

  private static int at(Role role) {
    return switch (role) {
      case PRIMARY -> 0;
      case SHADOW -> 1;
    };
  }
}
