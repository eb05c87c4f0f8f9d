package io.penumbra.app.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.traffic.gateway.GatewayMode;
import io.penumbra.adapter.traffic.gateway.GatewaySettings;
import io.penumbra.adapter.traffic.gateway.WithoutShadow;
import io.penumbra.domain.BadInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class GatewayCommandTest {

  @Test
  void withoutAShadowOutputCommitPassesUnlessItIsToldToWait() {
    GatewaySettings usual = settings("--mode", "output-commit");
    assertThat(usual.mode()).isEqualTo(GatewayMode.OUTPUT_COMMIT);
    assertThat(usual.withoutShadow()).isEqualTo(WithoutShadow.PASS);
    assertThat(usual.goneMax()).isEqualTo(GatewaySettings.GONE_MAX);

    GatewaySettings strict = settings("--without-shadow", "wait", "--gone-after", "2");
    assertThat(strict.withoutShadow()).isEqualTo(WithoutShadow.WAIT);
    assertThat(strict.goneMax()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void aChoiceThatIsNoneNamesThoseThereAre() {
    assertThatThrownBy(() -> settings("--without-shadow", "maybe"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("expected one of pass, wait");
    assertThatThrownBy(() -> settings("--gone-after", "0"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("expected 1 or more");
    assertThatThrownBy(() -> settings("--mode", "replay"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("opaque");
  }

  private static GatewaySettings settings(String... more) {
    List<String> words =
        new ArrayList<>(List.of("--listen", "127.0.0.1:0", "--backend", "127.0.0.1:6379"));
    words.addAll(List.of(more));
    GatewayCommand command = new GatewayCommand();
    new CommandLine(command).parseArgs(words.toArray(String[]::new));
    return command.settings();
  }
}
