package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.policy.EffectivePolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a VM is promised of which nobody has said anything. */
class UsualPolicyTest {

  @TempDir private Path dir = Path.of("replaced by JUnit");

  @Test
  void noNewerStateIsPromisedThanIsCut() throws Exception {
    assertThat(usual("").policy().rpo()).isEqualTo(Duration.ofMinutes(5));
    assertThat(usual("  refreshSeconds: 900\n").policy().rpo()).isEqualTo(Duration.ofMinutes(15));
  }

  @Test
  void whereStatesAreCutMoreOftenTheUsualStays() throws Exception {
    assertThat(usual("  refreshSeconds: 5\n").policy().rpo()).isEqualTo(Duration.ofSeconds(60));
  }

  @Test
  void whatARuleSaysCounts() throws Exception {
    Path rules = Files.writeString(dir.resolve("rules.yaml"), "default: {rpo: 30s}\n");

    assertThat(usual("policies: " + rules + "\n", "").policy().rpo())
        .isEqualTo(Duration.ofSeconds(30));
  }

  private EffectivePolicy usual(String ofCloud) throws IOException {
    return usual("", ofCloud);
  }

  private EffectivePolicy usual(String more, String ofCloud) throws IOException {
    Path file =
        Files.writeString(
            dir.resolve("serve.yaml"),
            """
            state: %s
            tokens: {}
            %scloud:
              kind: openstack
              keystone: http://127.0.0.1:5000/v3
              user: penumbra
              password: env:NONE
              project: service
            %s\
            """
                .formatted(dir, more, ofCloud));
    return ConfigFile.read(file, ServeConfig.class)
        .policyResolver()
        .resolve(ProjectId.of("p"), FlavorId.of("f"), new TreeMap<>())
        .effective();
  }
}
