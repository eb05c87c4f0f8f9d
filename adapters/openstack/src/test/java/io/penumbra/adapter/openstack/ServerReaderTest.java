package io.penumbra.adapter.openstack;

import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerReaderTest {

  @Test
  void whoAsksForNewerStatesThanAreCutIsTold() throws Exception {
    assertThat(problems("\"penumbra:rpo\":\"15s\""))
        .containsExactly(
            "rpo is 15 s, and states are cut every 300 s at most (cloud.refreshSeconds)");
    assertThat(problems("\"penumbra:rpo\":\"30m\",\"penumbra:mode\":\"warm\""))
        .singleElement()
        .asString()
        .contains("rpo is 1800 s", "every 3000 s", "ten times that of a standby");
  }

  @Test
  void whoGetsWhatHeAsksForIsToldNothing() throws Exception {
    assertThat(problems("\"penumbra:rpo\":\"5m\"")).isEmpty();
    assertThat(problems("\"penumbra:rpo\":\"15s\",\"penumbra:mode\":\"none\"")).isEmpty();
    assertThat(problems("\"penumbra:rpo\":\"15s\",\"penumbra:shadow-of\":\"vm0\"")).isEmpty();
  }

  private static List<String> problems(String metadata) throws Exception {
    return new ServerReader(
            new PolicyResolver(PolicyRules.none()), OpenStackSettings.defaults(), () -> "ours")
        .read(new ObjectMapper().readTree(server("vm1", 0, "ACTIVE", metadata)), Map.of())
        .orElseThrow()
        .problems();
  }
}
