package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.chance.Seeds;
import org.junit.jupiter.api.Test;

class PolicyMixTest {

  private final Seeds seeds = new Seeds(3);

  @Test
  void modesComeInTheirShares() {
    int warm = 0;
    int cold = 0;
    for (int vm = 0; vm < 20_000; vm++) {
      ShadowMode mode = PolicyMix.DEFAULT.modeOf(seeds, vm);
      warm += mode == ShadowMode.WARM ? 1 : 0;
      cold += mode == ShadowMode.COLD ? 1 : 0;
    }
    assertThat(warm / 20_000.0).isCloseTo(0.5, within(0.02));
    assertThat(cold / 20_000.0).isCloseTo(0.25, within(0.02));
  }

  @Test
  void aBaselineChangesTheModeAndNothingElse() {
    PolicyMix warm = PolicyMix.DEFAULT.all(ShadowMode.WARM);
    for (int vm = 0; vm < 200; vm++) {
      assertThat(warm.modeOf(seeds, vm)).isEqualTo(ShadowMode.WARM);
      if (PolicyMix.DEFAULT.modeOf(seeds, vm) == ShadowMode.WARM) {
        assertThat(warm.tagsOf(seeds, vm)).isEqualTo(PolicyMix.DEFAULT.tagsOf(seeds, vm));
      }
      assertThat(policyOf(PolicyMix.DEFAULT.all(ShadowMode.NONE), vm).policy().shadows()).isZero();
    }
  }

  @Test
  void tagsMeanWhatTheMixSaysToTheProductionResolver() {
    for (int vm = 0; vm < 200; vm++) {
      EffectivePolicy effective = policyOf(PolicyMix.DEFAULT, vm);
      ProtectionPolicy policy = effective.policy();
      assertThat(policy.mode()).isEqualTo(PolicyMix.DEFAULT.modeOf(seeds, vm));
      assertThat(effective.source()).contains("mode=").contains("by tag");
      if (policy.mode() == ShadowMode.WARM) {
        assertThat(policy.rpo()).isEqualTo(PolicyMix.DEFAULT.warmRpo());
        assertThat(policy.rto()).isEqualTo(PolicyMix.DEFAULT.warmRto());
        assertThat(policy.diversity().domains())
            .containsExactly(DomainKind.HOST, DomainKind.RACK, DomainKind.POWER_FEED);
      }
    }
  }

  private EffectivePolicy policyOf(PolicyMix mix, int vm) {
    return mix.resolver()
        .resolve(ProjectId.of("p"), FlavorId.of("f"), mix.tagsOf(seeds, vm))
        .effective();
  }
}
