package io.penumbra.adapter.qemu.cloud;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory with a short name, for QEMU's sockets lie in it. */
final class ShortDirectory {

  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private ShortDirectory() {}

  static Path create() throws IOException {
    return Files.createTempDirectory(Path.of("/tmp"), "pa");
  }

  /** Removes it; threads of an agent that was just closed may still write a last file. */
  static void delete(Path directory) throws IOException, InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        for (Path file : deepestFirst) {
          Files.deleteIfExists(file);
        }
      } catch (DirectoryNotEmptyException | UncheckedIOException e) {
        if (System.nanoTime() > until) {
          throw new IOException(directory + " can't be removed", e);
        }
        Thread.sleep(50);
      }
    }
  }
}
