package io.penumbra.adapter.qemu.dirty;

import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/**
 * The small library that a QEMU preloads so that its memory can be tracked, and so that many
 * clients can come to its user network at once. It is compiled by the machine's C compiler the
 * first time, and kept. Without a compiler there is none: pages are found by comparing, and clients
 * come one by one.
 */
public final class TrackingLibrary {

  private static final String SOURCE = "write-tracking.c";
  private static final int COMPILE_SECONDS = 60;

  private TrackingLibrary() {}

  /** Below the user's cache directory. */
  public static Path usualCache() {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home", "/tmp"), ".cache")
            : Path.of(cache);
    return root.resolve("penumbra");
  }

  /** The library; refused with the reason if it can't be made here. */
  public static Reply<Path> in(Path cache) {
    try {
      byte[] source = source();
      Path library = cache.resolve("write-tracking-%s.so".formatted(name(source)));
      if (Files.exists(library)) {
        return Reply.done(library);
      }
      var onlyUs =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
      Files.createDirectories(cache);
      Path work = Files.createTempDirectory(cache, "build-", onlyUs);
      try {
        return compile(source, work, library);
      } finally {
        for (String file : new String[] {SOURCE, "out.so", "log"}) {
          Files.deleteIfExists(work.resolve(file));
        }
        Files.delete(work);
      }
    } catch (IOException e) {
      return Reply.refused(
          "the tracking library can't be built: %s; maybe there is no C compiler (apt-get install"
                  .formatted(e.getMessage())
              + " gcc libc6-dev)");
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Reply.refused("interrupted while the tracking library was built");
    }
  }

  private static Reply<Path> compile(byte[] source, Path work, Path library)
      throws IOException, InterruptedException {
    Files.write(work.resolve(SOURCE), source);
    Process compiler =
        new ProcessBuilder("cc", "-O2", "-shared", "-fPIC", "-o", "out.so", SOURCE)
            .directory(work.toFile())
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("log").toFile())
            .start();
    if (!compiler.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)) {
      compiler.destroyForcibly();
      return Reply.refused("cc took longer than %d s".formatted(COMPILE_SECONDS));
    }
    if (compiler.exitValue() != 0) {
      return Reply.refused("cc: " + Files.readString(work.resolve("log")).strip());
    }
    // Another process may have been as quick; both have made the same.
    Files.move(work.resolve("out.so"), library, StandardCopyOption.ATOMIC_MOVE);
    return Reply.done(library);
  }

  private static byte[] source() throws IOException {
    try (InputStream in = TrackingLibrary.class.getResourceAsStream(SOURCE)) {
      if (in == null) {
        throw new IOException(SOURCE + " is missing from the build");
      }
      return in.readAllBytes();
    }
  }

  private static String name(byte[] source) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(System.getProperty("os.arch", "").getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(source), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
