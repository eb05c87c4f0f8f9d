package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootNumberTest {

  @TempDir Path directory;

  @Test
  void growsAlsoWhereTheClockWasSetBack() throws Exception {
    Path file = directory.resolve("boot");
    assertThat(BootNumber.next(file, at(5_000))).isEqualTo(5_000);
    assertThat(BootNumber.next(file, at(1_000))).isEqualTo(5_001);
    assertThat(BootNumber.next(file, at(9_000))).isEqualTo(9_000);
  }

  @Test
  void namesTheFileThatHoldsNoNumber() throws Exception {
    Path file = Files.writeString(directory.resolve("boot"), "soon");
    assertThatThrownBy(() -> BootNumber.next(file, at(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
  }

  private static InstantSource at(long millis) {
    return InstantSource.fixed(Instant.ofEpochMilli(millis));
  }
}
