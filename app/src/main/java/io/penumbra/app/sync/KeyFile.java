package io.penumbra.app.sync;

import io.penumbra.domain.BadInputException;
import io.penumbra.sync.frame.FrameKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option that names a VM's key, the same for both ends. */
public final class KeyFile {

  private static final int FILE_BYTES_MAX = 4096;

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = {
        "Encrypt and authenticate everything on the wire with this key: 64 hexadecimal",
        "digits, the same file at both ends. Make one: openssl rand -hex 32 > vm.key"
      })
  private Optional<Path> file = Optional.empty();

  Optional<FrameKey> read() throws IOException {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(read(file.get()));
  }

  /** Reads a key, or says in words what is wrong with it. */
  public static FrameKey read(Path path) throws IOException {
    if (Files.size(path) > FILE_BYTES_MAX) {
      throw new BadInputException(path.toString(), "is too large for a key file", "");
    }
    try {
      return FrameKey.parse(Files.readAllBytes(path));
    } catch (IllegalArgumentException e) {
      throw new BadInputException(
          path.toString(),
          String.valueOf(e.getMessage()),
          "Make a key: openssl rand -hex 32 > " + path,
          e);
    }
  }
}
