package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;
import java.util.List;

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
    @Setting("probability from which moving away is weighed") double riskAct) {

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
          0.3);

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
        riskAct);
  }

  /** The mode of one VM. */
  public ShadowMode modeOf(Seeds seeds, int vm) {
    double u = seeds.uniform("policy-mode", vm);
    if (u < warm) {
      return ShadowMode.WARM;
    }
    return u < warm + cold ? ShadowMode.COLD : ShadowMode.NONE;
  }

  /** The whole policy of one VM. */
  public EffectivePolicy policyOf(Seeds seeds, int vm) {
    ShadowMode mode = modeOf(seeds, vm);
    boolean isProtected = mode != ShadowMode.NONE;
    CommitMode commit =
        isProtected && seeds.uniform("policy-commit", vm) < outputCommit
            ? CommitMode.OUTPUT_COMMIT
            : CommitMode.ASYNC;
    int priority = isProtected && seeds.uniform("policy-urgent", vm) < urgent ? 10 : 0;
    ProtectionPolicy policy =
        new ProtectionPolicy(
            mode,
            isProtected ? shadows : 0,
            mode == ShadowMode.WARM ? warmRpo : coldRpo,
            mode == ShadowMode.WARM ? warmRto : coldRto,
            new Diversity(differIn, differInHardware),
            commit,
            new RiskThresholds(riskCheck, riskAct),
            priority);
    return new EffectivePolicy(policy, "scenario policies");
  }
}
