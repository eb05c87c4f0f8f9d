package io.penumbra.adapter.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {

  @TempDir Path directory;

  @Test
  void removesWhatIsThereAlsoWhileOthersDo() throws Exception {
    Path root = directory.resolve("root");
    for (int round = 0; round < 20; round++) {
      for (int i = 0; i < 100; i++) {
        Files.createDirectories(root.resolve("d" + i));
        Files.writeString(root.resolve("d" + i).resolve("f"), "x");
      }
      Thread other = Thread.ofVirtual().start(() -> removeBackwards(root));
      FileTree.remove(root);
      other.join();
      assertThat(root).doesNotExist();
    }
  }

  private static void removeBackwards(Path root) {
    for (int i = 99; i >= 0; i--) {
      try {
        Files.deleteIfExists(root.resolve("d" + i).resolve("f"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void nothingIsThereToBeRemoved() throws Exception {
    FileTree.remove(directory.resolve("nothing"));
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void doesNotFollowLinks() throws Exception {
    Path kept = Files.writeString(directory.resolve("kept"), "x");
    Path root = Files.createDirectory(directory.resolve("root"));
    Files.createSymbolicLink(root.resolve("link"), kept);
    FileTree.remove(root);
    assertThat(root).doesNotExist();
    assertThat(kept).exists();
  }
}
