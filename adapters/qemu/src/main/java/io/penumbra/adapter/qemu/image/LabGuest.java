package io.penumbra.adapter.qemu.image;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
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
  private static final String AGENT_SCRIPT = "add-agent.sh";
  private static final int BUILD_MINUTES = 5;
  private static final int COMPLAINT_CHARS_MAX = 1000;

  /** The guest, built if need be; refused with what is missing if it can't be. */
  public static Reply<LabGuest> in(Path cache) {
    return cached(cache, "lab-guest", SCRIPT, List.of("initrd.gz", "vmlinuz"))
        .map(built -> new LabGuest(built.resolve("vmlinuz"), built.resolve("initrd.gz")));
  }

  /**
   * The same guest with QEMU's guest agent in it, which mounts its first disk (ext4) and appends to
   * a file there some times a second. Boot it as {@link #redisWithAgent}.
   */
  public static Reply<LabGuest> withAgent(Path cache) {
    return in(cache)
        .then(plain ->
            cached(cache, "lab-guest-agent", AGENT_SCRIPT, List.of("agent.gz"))
                .then(more -> joined(plain, more.resolve("agent.gz"))));
  }

  /** The kernel unpacks one archive after the other; what comes later goes on top. */
  private static Reply<LabGuest> joined(LabGuest plain, Path more) {
    Path both =
        more.resolveSibling("initrd-%08x.gz".formatted(plain.initrd().toString().hashCode()));
    try {
      if (!Files.exists(both)) {
        Path written =
            more.resolveSibling("initrd-%d.part".formatted(ProcessHandle.current().pid()));
        try (OutputStream out = Files.newOutputStream(written)) {
          Files.copy(plain.initrd(), out);
          Files.copy(more, out);
        }
        Files.move(written, both, StandardCopyOption.ATOMIC_MOVE);
      }
      return Reply.done(new LabGuest(plain.kernel(), both));
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(both, e.getMessage()));
    }
  }

  /** The directory with what a script makes; of its products the last is put there last. */
  private static Reply<Path> cached(
      Path cache, String name, String scriptName, List<String> products) {
    try {
      byte[] script = script(scriptName);
      Path directory = cache.resolve(name + "-" + name(script));
      Path last = directory.resolve(products.getLast());
      if (Files.exists(last)) {
        return Reply.done(directory);
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
          return Files.exists(last)
              ? Reply.done(directory)
              : build(script, scriptName, directory, products);
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

  private static Reply<Path> build(
      byte[] script, String scriptName, Path into, List<String> products)
      throws IOException, InterruptedException {
    Path directory = into.resolve("build");
    Files.createDirectories(directory);
    Path log = directory.resolve("log");
    Files.write(directory.resolve(scriptName), script);
    Process build =
        new ProcessBuilder("sh", scriptName)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!build.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
      build.descendants().forEach(ProcessHandle::destroyForcibly);
      build.destroyForcibly();
      return Reply.refused("%s took longer than %d minutes".formatted(scriptName, BUILD_MINUTES));
    }
    if (build.exitValue() != 0) {
      String said = Files.readString(log).strip();
      return Reply.refused(
          "%s: %s"
              .formatted(
                  scriptName, said.substring(Math.max(0, said.length() - COMPLAINT_CHARS_MAX))));
    }
    for (String product : products) {
      Files.move(
          directory.resolve(product), into.resolve(product), StandardCopyOption.REPLACE_EXISTING);
    }
    return Reply.done(into);
  }

  private static byte[] script(String scriptName) throws IOException {
    try (InputStream in = LabGuest.class.getResourceAsStream(scriptName)) {
      if (in == null) {
        throw new IOException(scriptName + " is missing from the build");
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

  /** How QEMU boots one that was made {@link #withAgent}. */
  public GuestSpec.Kernel redisWithAgent() {
    return boot(" rdinit=/agent-init");
  }

  private GuestSpec.Kernel boot(String more) {
    return new GuestSpec.Kernel(kernel, Optional.of(initrd), "console=ttyS0 quiet panic=-1" + more);
  }
}
