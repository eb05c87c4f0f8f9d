package io.penumbra.placement.log;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.PlacementSettings.Multipliers;
import io.penumbra.placement.spi.Catalogue;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.PairWeigher;
import io.penumbra.placement.spi.RequestWeigher;
import io.penumbra.placement.spi.Role;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A multiplier that somebody wants to try: {@code risk=-3}, {@code risk.shadow=-3}, or {@code
 * risk=x3} for three times what it was.
 *
 * @param role empty for both
 * @param times whether the value multiplies what was instead of replacing it
 */
public record Multiplier(String weigher, Optional<Role> role, boolean times, double value) {

  private static final Pattern WRITTEN =
      Pattern.compile("([^=.\\s]+)(?:\\.(primary|shadow))?=(x?)([-+0-9.eE]+)");

  /**
   * Reads what was typed.
   *
   * @throws BadInputException when it isn't of the form {@code weigher[.role]=[x]number}
   */
  public static Multiplier parse(String text) {
    Matcher matcher = WRITTEN.matcher(text);
    if (!matcher.matches()) {
      throw malformed(text);
    }
    try {
      double value = Double.parseDouble(matcher.group(4));
      return new Multiplier(
          matcher.group(1),
          Optional.ofNullable(matcher.group(2))
              .map(role -> role.equals("primary") ? Role.PRIMARY : Role.SHADOW),
          !matcher.group(3).isEmpty(),
          value);
    } catch (NumberFormatException e) {
      throw malformed(text);
    }
  }

  private static BadInputException malformed(String text) {
    return new BadInputException(
        "--multiplier",
        "'%s'; expected weigher=number, weigher.primary=number, weigher.shadow=number, or weigher=x2 for twice as much"
            .formatted(text),
        "For example: --multiplier risk=x3");
  }

  /** The same settings with this multiplier. Expects them to name every weigher. */
  public PlacementSettings applyTo(PlacementSettings settings) {
    TreeMap<String, Multipliers> weighers = new TreeMap<>(settings.weighers());
    TreeMap<String, Double> pairs = new TreeMap<>(settings.jointFailure());
    Multipliers before = weighers.get(weigher);
    Double pairBefore = pairs.get(weigher);
    if (before != null) {
      weighers.put(
          weigher,
          new Multipliers(
              role.equals(Optional.of(Role.SHADOW)) ? before.primary() : next(before.primary()),
              role.equals(Optional.of(Role.PRIMARY)) ? before.shadow() : next(before.shadow())));
    } else if (pairBefore != null && role.isEmpty()) {
      pairs.put(weigher, next(pairBefore));
    } else {
      throw unknown(settings, pairBefore != null);
    }
    return with(settings, weighers, pairs);
  }

  /** A warning when the weigher would prefer what it avoided, or the other way round. */
  public Optional<String> turnedAround(PlacementSettings before) {
    Multipliers was = before.weighers().get(weigher);
    double reference =
        was == null
            ? before.jointFailure().getOrDefault(weigher, 0.0)
            : role.equals(Optional.of(Role.SHADOW)) ? was.shadow() : was.primary();
    return next(reference) * reference < 0
        ? Optional.of(
            "%s was %s and is now %s: it %s. For more of the same write %s=x%s."
                .formatted(
                    weigher,
                    reference,
                    next(reference),
                    reference < 0 ? "seeks what it avoided before" : "avoids what it sought before",
                    weigher,
                    DecisionExplanation.raw(Math.abs(value))))
        : Optional.empty();
  }

  private double next(double before) {
    return times ? before * value : value;
  }

  private BadInputException unknown(PlacementSettings settings, boolean pair) {
    TreeSet<String> names = new TreeSet<>(settings.weighers().keySet());
    names.addAll(settings.jointFailure().keySet());
    return pair
        ? new BadInputException(
            "--multiplier",
            "'%s' has one multiplier and none per role".formatted(weigher),
            "Write --multiplier %s=%s".formatted(weigher, value))
        : new BadInputException(
            "--multiplier",
            "no weigher is called '%s'".formatted(weigher),
            "There are: " + String.join(", ", names));
  }

  /** The multiplier that settings, which name every weigher, have for one that scored. */
  static double effective(PlacementSettings settings, WeigherScore score, boolean primary) {
    Multipliers both = settings.weighers().get(score.weigher());
    if (both != null) {
      return primary ? both.primary() : both.shadow();
    }
    return settings.jointFailure().getOrDefault(score.weigher(), score.multiplier());
  }

  /**
   * The same settings with the default of every weigher written out, so that a log says what held
   * even when a default changes later.
   */
  static PlacementSettings explicit(PlacementSettings settings, Catalogue catalogue) {
    TreeMap<String, Multipliers> weighers = new TreeMap<>();
    for (HostWeigher weigher : catalogue.hostWeighers()) {
      weighers.put(
          weigher.name(),
          new Multipliers(
              weigher.defaultMultiplier(Role.PRIMARY), weigher.defaultMultiplier(Role.SHADOW)));
    }
    for (RequestWeigher weigher : catalogue.requestWeighers()) {
      weighers.put(
          weigher.name(),
          new Multipliers(
              weigher.defaultMultiplier(Role.PRIMARY), weigher.defaultMultiplier(Role.SHADOW)));
    }
    weighers.putAll(settings.weighers());
    TreeMap<String, Double> pairs = new TreeMap<>();
    for (PairWeigher weigher : catalogue.pairWeighers()) {
      pairs.put(weigher.name(), weigher.defaultMultiplier());
    }
    pairs.putAll(settings.jointFailure());
    return with(settings, weighers, pairs);
  }

  private static PlacementSettings with(
      PlacementSettings settings,
      TreeMap<String, Multipliers> weighers,
      TreeMap<String, Double> pairs) {
    return new PlacementSettings(weighers, pairs, settings.pairCandidatesMax(), settings.sizing());
  }
}
