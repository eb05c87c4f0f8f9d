package io.penumbra.app.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.PlacementSettings.Multipliers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSettingsTest {

  @TempDir private Path directory;

  @Test
  void saysOnlyWhatDiffers() throws IOException {
    ControlSettings settings =
        read(
            """
            placement:
              weighers:
                risk: {primary: -3, shadow: -2}
            scheduler:
              breaker:
                window: 5m
            """);

    assertThat(settings.placement().weighers().get("risk")).isEqualTo(new Multipliers(-3, -2));
    assertThat(settings.scheduler().breaker().window()).isEqualTo(Duration.ofMinutes(5));
    assertThat(settings.scheduler().breaker().hosts())
        .isEqualTo(ControlSettings.defaults().scheduler().breaker().hosts());
  }

  @Test
  void refusesAnUnknownKeyWithItsLineAndTheNearestOne() {
    assertThatThrownBy(() -> read("scheduler:\n  braker:\n    window: 5m\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("settings.yaml:")
        .hasMessageContaining("scheduler.braker")
        .hasMessageContaining("breaker");
  }

  @Test
  void refusesAnUnknownWeigherAndNamesTheKnown() {
    assertThatThrownBy(() -> read("placement:\n  weighers:\n    risque: {primary: 1, shadow: 1}\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("risque")
        .hasMessageContaining("risk");
  }

  @Test
  void refusesAValueThatTheRecordRefuses() {
    assertThatThrownBy(() -> read("scheduler:\n  detector:\n    phi: -1\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("phi")
        .hasMessageContaining("-1");
  }

  private ControlSettings read(String yaml) throws IOException {
    Path file = directory.resolve("settings.yaml");
    Files.writeString(file, yaml);
    return ControlSettings.from(Optional.of(file));
  }
}
