package io.penumbra.simulator.scenario;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.Guard;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.policy.PolicyField;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Setting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How VMs are protected: which share in which mode, and what that mode promises. Which VM gets what
 * is drawn from a stream of its own, so raising the warm share turns cold VMs warm and moves nobody
 * else.
 */
public record PolicyMix(
    @Setting("share of the VMs with a warm shadow") double warm,
    @Setting("share of the VMs with a cold shadow; the rest has none") double cold,
    @Setting("shadows per protected VM, 1 to 3") int shadows,
    @Setting("how much of the newest state a warm VM may lose") Duration warmRpo,
    @Setting("how long a warm VM may be away") Duration warmRto,
    @Setting("how much of the newest state a cold VM may lose") Duration coldRpo,
    @Setting("how long a cold VM may be away") Duration coldRto,
    @Setting("share of the protected VMs in output-commit mode") double outputCommit,
    @Setting("share of the protected VMs that are rescued first (priority 10 instead of 0)")
        double urgent,
    @Setting("failure domains in which a shadow must differ from its primary")
        List<DomainKind> differIn,
    @Setting("hardware aspects in which a shadow must differ from its primary")
        List<HardwareAspect> differInHardware,
    @Setting("probability from which a shadow is grown and kept fresher") double riskCheck,
    @Setting("probability from which moving away is weighed") double riskAct,
    @Setting(
            "file of policy rules by project and flavor; when given, it counts instead of the above")
        Optional<Path> rules) {

  public static final PolicyMix DEFAULT =
      new PolicyMix(
          0.5,
          0.25,
          1,
          Duration.ofMillis(500),
          Duration.ofSeconds(10),
          Duration.ofMinutes(5),
          Duration.ofMinutes(5),
          0.1,
          0.1,
          List.of(DomainKind.RACK, DomainKind.POWER_FEED),
          List.of(),
          0.05,
          0.3,
          Optional.empty());

  public PolicyMix {
    Guard.share("warm", warm);
    Guard.share("cold", cold);
    Guard.share("outputCommit", outputCommit);
    Guard.share("urgent", urgent);
    if (warm + cold > 1 + 1e-9) {
      throw new IllegalArgumentException(
          "warm %s and cold %s add up to more than 1".formatted(warm, cold));
    }
    Require.between("shadows", shadows, 1, ProtectionPolicy.SHADOWS_MAX);
    Require.notNegative("warmRpo", warmRpo);
    Require.notNegative("warmRto", warmRto);
    Require.notNegative("coldRpo", coldRpo);
    Require.notNegative("coldRto", coldRto);
    differIn = List.copyOf(differIn);
    differInHardware = List.copyOf(differInHardware);
    new RiskThresholds(riskCheck, riskAct);
  }

  /** Every VM in one mode, all else as it is: how baselines are compared. */
  public PolicyMix all(ShadowMode mode) {
    return new PolicyMix(
        mode == ShadowMode.WARM ? 1 : 0,
        mode == ShadowMode.COLD ? 1 : 0,
        shadows,
        warmRpo,
        warmRto,
        coldRpo,
        coldRto,
        outputCommit,
        urgent,
        differIn,
        differInHardware,
        riskCheck,
        riskAct,
        Optional.empty());
  }

  /** From where risk changes what is done. */
  public RiskThresholds thresholds() {
    return new RiskThresholds(riskCheck, riskAct);
  }

  /** The mode of one VM. */
  public ShadowMode modeOf(Seeds seeds, int vm) {
    double u = seeds.uniform("policy-mode", vm);
    if (u < warm) {
      return ShadowMode.WARM;
    }
    return u < warm + cold ? ShadowMode.COLD : ShadowMode.NONE;
  }

  /**
   * What the owner of one VM writes on it; the policy follows from it by the production rules. With
   * a file of rules nobody writes anything.
   */
  public SortedMap<String, String> tagsOf(Seeds seeds, int vm) {
    SortedMap<String, String> tags = new TreeMap<>();
    if (rules.isPresent()) {
      return tags;
    }
    ShadowMode mode = modeOf(seeds, vm);
    tags.put(PolicyField.MODE.tag(), mode.name().toLowerCase(Locale.ROOT));
    if (mode != ShadowMode.NONE) {
      boolean warmly = mode == ShadowMode.WARM;
      tags.put(PolicyField.RPO.tag(), Durations.format(warmly ? warmRpo : coldRpo));
      tags.put(PolicyField.RTO.tag(), Durations.format(warmly ? warmRto : coldRto));
      if (seeds.uniform("policy-commit", vm) < outputCommit) {
        tags.put(PolicyField.COMMIT.tag(), "output-commit");
      }
      if (seeds.uniform("policy-urgent", vm) < urgent) {
        tags.put(PolicyField.PRIORITY.tag(), "10");
      }
    }
    return tags;
  }

  /** The production resolver with this scenario's rules. */
  public PolicyResolver resolver() {
    if (rules.isPresent()) {
      try {
        return new PolicyResolver(PolicyRules.read(rules.get()));
      } catch (IOException e) {
        throw new BadInputException(
            rules.get().toString(),
            "policy rules cannot be read: " + e.getMessage(),
            "Give a YAML file with default, projects and flavors.",
            e);
      }
    }
    SortedMap<PolicyField, String> common = new TreeMap<>();
    common.put(PolicyField.SHADOWS, Integer.toString(shadows));
    common.put(PolicyField.DIVERSITY, differences());
    common.put(PolicyField.RISK_CHECK, Double.toString(riskCheck));
    common.put(PolicyField.RISK_ACT, Double.toString(riskAct));
    return new PolicyResolver(new PolicyRules(common, new TreeMap<>(), new TreeMap<>()));
  }

  private String differences() {
    return Stream.concat(
            Stream.concat(Stream.of(DomainKind.HOST), differIn.stream()), differInHardware.stream())
        .map(kind -> kind.name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .distinct()
        .collect(Collectors.joining(", "));
  }
}
