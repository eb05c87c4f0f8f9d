package io.penumbra.app.register;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * Small files that are written whole or not at all; secrets among them are nobody else's to read.
 */
final class SecretFile {

  private static final String ONLY_ME = "rw-------";

  private SecretFile() {}

  static boolean exists(Path file) {
    return Files.exists(file);
  }

  /** The secret; made of 32 random bytes when there is none. */
  static String readOrMake(Path file) {
    Optional<String> there = read(file);
    if (there.isPresent()) {
      return there.get().strip();
    }
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    String secret = HexFormat.of().formatHex(random);
    write(file, secret + "\n", Optional.of(ONLY_ME));
    return secret;
  }

  /** What stands there, if anything does. */
  static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Puts a file in place of another, with that one's owner and rights.
   *
   * @param rights of a new file; those of any new file otherwise
   */
  static void write(Path file, String text, Optional<String> rights) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      // made unreadable before anything is in it
      FileAttribute<Set<PosixFilePermission>> closed =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(ONLY_ME));
      Path fresh = Files.createTempFile(folder, ".penumbra", ".new", closed);
      Files.writeString(fresh, text);
      if (Files.exists(file)) {
        Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(file));
        Files.setAttribute(fresh, "unix:uid", Files.getAttribute(file, "unix:uid"));
        Files.setAttribute(fresh, "unix:gid", Files.getAttribute(file, "unix:gid"));
      } else {
        Files.setPosixFilePermissions(
            fresh, PosixFilePermissions.fromString(rights.orElse("rw-r--r--")));
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives a file to the group of another, which may then read it. */
  static void shareWithGroupOf(Path file, Path other) {
    try {
      Files.setAttribute(file, "unix:gid", Files.getAttribute(other, "unix:gid"));
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
