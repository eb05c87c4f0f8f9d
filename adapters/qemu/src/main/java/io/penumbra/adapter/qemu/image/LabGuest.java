package io.penumbra.adapter.qemu.image;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A guest to try things with: Debian's cloud kernel, busybox and a Redis that keeps its keys in
 * memory only, at port 6379. It is built once, from packages that are downloaded and not installed,
 * and kept.
 *
 * @param kernel for QEMU's {@code -kernel}
 * @param initrd holds the whole system
 */
public record LabGuest(Path kernel, Path initrd) {

  /** Where Redis listens in the guest. */
  public static final int REDIS_PORT = 6379;

  private static final String SCRIPT = "build-guest.sh";
  private static final int BUILD_MINUTES = 5;
  private static final int COMPLAINT_CHARS_MAX = 1000;

  /** The guest, built if need be; refused with what is missing if it can't be. */
  public static Reply<LabGuest> in(Path cache) {
    try {
      byte[] script = script();
      Path directory = cache.resolve("lab-guest-" + name(script));
      LabGuest guest = new LabGuest(directory.resolve("vmlinuz"), directory.resolve("initrd.gz"));
      if (Files.exists(guest.kernel())) {
        return Reply.done(guest);
      }
      Files.createDirectories(directory);
      // Two processes may want it at the same time; the second finds it built.
      try (FileChannel lock =
          FileChannel.open(
              cache.resolve("lab-guest.lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE)) {
        var held = lock.lock();
        try {
          return Files.exists(guest.kernel()) ? Reply.done(guest) : build(script, guest);
        } finally {
          held.release();
        }
      }
    } catch (IOException e) {
      return Reply.refused("the guest can't be built in %s: %s".formatted(cache, e.getMessage()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Reply.refused("interrupted while the guest was built");
    }
  }

  private static Reply<LabGuest> build(byte[] script, LabGuest guest)
      throws IOException, InterruptedException {
    Path directory = guest.kernel().resolveSibling("build");
    Files.createDirectories(directory);
    Path log = directory.resolve("log");
    Files.write(directory.resolve(SCRIPT), script);
    Process build =
        new ProcessBuilder("sh", SCRIPT)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!build.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
      build.descendants().forEach(ProcessHandle::destroyForcibly);
      build.destroyForcibly();
      return Reply.refused("%s took longer than %d minutes".formatted(SCRIPT, BUILD_MINUTES));
    }
    if (build.exitValue() != 0) {
      String said = Files.readString(log).strip();
      return Reply.refused(
          "%s: %s"
              .formatted(SCRIPT, said.substring(Math.max(0, said.length() - COMPLAINT_CHARS_MAX))));
    }
    Files.move(directory.resolve("initrd.gz"), guest.initrd(), StandardCopyOption.REPLACE_EXISTING);
    // The kernel comes last: when it is there, both are.
    Files.move(directory.resolve("vmlinuz"), guest.kernel(), StandardCopyOption.ATOMIC_MOVE);
    return Reply.done(guest);
  }

  private static byte[] script() throws IOException {
    try (InputStream in = LabGuest.class.getResourceAsStream(SCRIPT)) {
      if (in == null) {
        throw new IOException(SCRIPT + " is missing from the build");
      }
      return in.readAllBytes();
    }
  }

  private static String name(byte[] script) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(script), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** How QEMU boots it, with Redis. */
  public GuestSpec.Kernel redis() {
    return boot("");
  }

  /** How QEMU boots it, with Redis and somebody who writes to its first disk all the time. */
  public GuestSpec.Kernel redisAndDisk() {
    return boot(" penumbra.disk=1");
  }

  private GuestSpec.Kernel boot(String more) {
    return new GuestSpec.Kernel(kernel, Optional.of(initrd), "console=ttyS0 quiet panic=-1" + more);
  }
}
