package io.penumbra.placement.policy;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A policy while its fields are filled in from text, and how each field's text is read. */
final class PolicyDraft {

  private static final Duration LONGEST = Duration.ofDays(365);
  private static final Pattern AMOUNT = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private ShadowMode mode = ShadowMode.NONE;
  private int shadows;
  private Duration rpo = Duration.ZERO;
  private Duration rto = Duration.ZERO;
  private Diversity diversity = Diversity.HOST_ONLY;
  private CommitMode commit = CommitMode.ASYNC;
  private int priority;
  private double riskCheck;
  private double riskAct;

  /** A text that cannot be read as a field's value; the message says what was expected. */
  static final class BadValue extends Exception {
    private static final long serialVersionUID = 1;

    BadValue(String expected) {
      super(expected);
    }

    String expected() {
      return String.valueOf(getMessage());
    }
  }

  /** Reads a value into its field. */
  void set(PolicyField field, String text) throws BadValue {
    String value = text.strip().toLowerCase(Locale.ROOT);
    switch (field) {
      case MODE -> mode = mode(value);
      case SHADOWS -> shadows = whole(value, 1, ProtectionPolicy.SHADOWS_MAX);
      case RPO -> rpo = duration(value);
      case RTO -> rto = duration(value);
      case DIVERSITY -> diversity = diversity(value);
      case COMMIT -> commit = commit(value);
      case PRIORITY -> priority = whole(value, -1000, 1000);
      case RISK_CHECK -> riskCheck = share(value);
      case RISK_ACT -> riskAct = share(value);
    }
  }

  /** Sets a field to what protects more: what it has, or this value. */
  void raise(PolicyField field, String text) throws BadValue {
    PolicyDraft other = new PolicyDraft();
    other.set(field, text);
    switch (field) {
      case MODE -> mode = mode.compareTo(other.mode) >= 0 ? mode : other.mode;
      case SHADOWS -> shadows = Math.max(shadows, other.shadows);
      case RPO -> rpo = rpo.compareTo(other.rpo) <= 0 ? rpo : other.rpo;
      case RTO -> rto = rto.compareTo(other.rto) <= 0 ? rto : other.rto;
      case DIVERSITY -> diversity = both(diversity, other.diversity);
      case COMMIT -> commit = commit.compareTo(other.commit) >= 0 ? commit : other.commit;
      case PRIORITY -> priority = Math.max(priority, other.priority);
      case RISK_CHECK -> riskCheck = Math.min(riskCheck, other.riskCheck);
      case RISK_ACT -> riskAct = Math.min(riskAct, other.riskAct);
    }
  }

  boolean thresholdsAreSwapped() {
    return riskCheck > riskAct;
  }

  /** The field as a reader would write it. */
  String show(PolicyField field) {
    return switch (field) {
      case MODE -> word(mode);
      case SHADOWS -> Integer.toString(shadows);
      case RPO -> rpo.toString();
      case RTO -> rto.toString();
      case DIVERSITY ->
          String.join(
              "+",
              Stream.concat(
                      diversity.domains().stream().map(PolicyDraft::word),
                      diversity.hardware().stream().map(PolicyDraft::word))
                  .toList());
      case COMMIT -> word(commit);
      case PRIORITY -> Integer.toString(priority);
      case RISK_CHECK -> Double.toString(riskCheck);
      case RISK_ACT -> Double.toString(riskAct);
    };
  }

  /** The policy. Swapped thresholds are read so that both take effect early. */
  ProtectionPolicy finish() {
    return new ProtectionPolicy(
        mode,
        mode == ShadowMode.NONE ? 0 : Math.max(1, shadows),
        rpo,
        rto,
        diversity,
        commit,
        new RiskThresholds(Math.min(riskCheck, riskAct), riskAct),
        priority);
  }

  private static ShadowMode mode(String value) throws BadValue {
    for (ShadowMode known : ShadowMode.values()) {
      if (word(known).equals(value)) {
        return known;
      }
    }
    throw new BadValue("none, cold or warm");
  }

  private static CommitMode commit(String value) throws BadValue {
    for (CommitMode known : CommitMode.values()) {
      if (word(known).equals(value)) {
        return known;
      }
    }
    throw new BadValue("async or output-commit");
  }

  private static int whole(String value, int least, int most) throws BadValue {
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Said below, with the range.
    }
    throw new BadValue("a whole number from %d to %d".formatted(least, most));
  }

  private static double share(String value) throws BadValue {
    try {
      double number = Double.parseDouble(value);
      if (number >= 0 && number <= 1) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Said below, with the range.
    }
    throw new BadValue("a probability from 0 to 1");
  }

  private static Duration duration(String value) throws BadValue {
    Duration read = amount(value);
    if (read.compareTo(LONGEST) > 0) {
      throw new BadValue("a duration of at most %d days".formatted(LONGEST.toDays()));
    }
    return read;
  }

  private static Duration amount(String value) throws BadValue {
    Matcher amount = AMOUNT.matcher(value);
    if (amount.matches()) {
      long number = Long.parseLong(amount.group(1));
      return switch (amount.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "s" -> Duration.ofSeconds(number);
        case "m" -> Duration.ofMinutes(number);
        case "h" -> Duration.ofHours(number);
        default -> Duration.ofDays(number);
      };
    }
    try {
      Duration parsed = Duration.parse(value);
      if (!parsed.isNegative()) {
        return parsed;
      }
    } catch (DateTimeParseException _) {
      // Said below, with examples.
    }
    throw new BadValue("a duration such as 500ms, 30s, 5m, 2h or PT30S");
  }

  private static Diversity diversity(String value) throws BadValue {
    List<DomainKind> domains = new ArrayList<>();
    List<HardwareAspect> aspects = new ArrayList<>();
    for (String part : value.split(",", -1)) {
      String asked = part.strip();
      int before = domains.size() + aspects.size();
      for (DomainKind kind : DomainKind.values()) {
        if (word(kind).equals(asked)) {
          domains.add(kind);
        }
      }
      for (HardwareAspect aspect : HardwareAspect.values()) {
        if (word(aspect).equals(asked)) {
          aspects.add(aspect);
        }
      }
      if (domains.size() + aspects.size() == before) {
        throw new BadValue(
            "a list of host, chassis, rack, power-feed, zone, vendor, cpu-generation, firmware,"
                + " hypervisor");
      }
    }
    return new Diversity(domains, aspects);
  }

  private static Diversity both(Diversity one, Diversity other) {
    List<DomainKind> domains = new ArrayList<>(one.domains());
    domains.addAll(other.domains());
    List<HardwareAspect> aspects = new ArrayList<>(one.hardware());
    aspects.addAll(other.hardware());
    return new Diversity(domains, aspects);
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
