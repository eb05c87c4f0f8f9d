package io.penumbra.simulator.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes a report so that a reader finds the old one or the new one, never half of one. */
public final class ReportFile {

  private ReportFile() {}

  /** Writes beside the target, then moves over it. Directories are made. */
  public static void write(Path target, String content) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path directory = absolute.getParent();
    if (directory == null) {
      throw new IOException(target + " is a root; expected a file");
    }
    Files.createDirectories(directory);
    Path beside = absolute.resolveSibling("." + absolute.getFileName() + ".part");
    try {
      Files.writeString(beside, content, StandardCharsets.UTF_8);
      try {
        Files.move(beside, absolute, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(beside, absolute, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(beside);
    }
  }
}
