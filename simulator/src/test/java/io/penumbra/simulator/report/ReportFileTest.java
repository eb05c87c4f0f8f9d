package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportFileTest {

  @Test
  void replacesTheOldReportAndLeavesNothingBeside(@TempDir Path directory) throws IOException {
    Path target = directory.resolve("a/b/report.html");

    ReportFile.write(target, "old");
    ReportFile.write(target, "new");

    assertThat(target).hasContent("new");
    try (var files = Files.list(directory.resolve("a/b"))) {
      assertThat(files).containsExactly(target);
    }
  }

  @Test
  void aTargetThatCannotBeWrittenLeavesNothingHalfDone(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "x");

    assertThatThrownBy(() -> ReportFile.write(file.resolve("report.html"), "new"))
        .isInstanceOf(IOException.class);
    assertThat(file).hasContent("x");
  }
}
