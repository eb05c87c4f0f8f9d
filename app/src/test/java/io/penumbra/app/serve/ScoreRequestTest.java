package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScoreRequestTest {

  @Test
  void aFlavorMayHaveBlanksInItsNameAndIsTheSameAsWhereTheCloudIsRead() {
    ScoreRequest asked =
        new ScoreRequest(
            "r1",
            "vm1",
            "p1",
            " m1  large\t",
            1,
            512,
            1,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            true);
    PolicyResolver.Resolution policy = asked.policy(new PolicyResolver(PolicyRules.none()));

    assertThat(asked.placement(policy, Instant.EPOCH).vm().flavor().value()).isEqualTo("m1_large");
    assertThat(ScoreRequest.flavorOf("").value()).isEqualTo("unknown");
  }
}
