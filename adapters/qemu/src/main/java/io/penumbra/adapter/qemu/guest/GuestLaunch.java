package io.penumbra.adapter.qemu.guest;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Starts QEMU processes, and finds them again. */
final class GuestLaunch {

  private static final Duration POLL = Duration.ofMillis(1);
  private static final Duration ATTEMPT = Duration.ofSeconds(1);
  private static final int COMPLAINT_CHARS_MAX = 1000;

  private GuestLaunch() {}

  static Reply<QemuGuest> start(
      GuestSpec spec, GuestHome home, GuestRole role, LaunchSettings settings) {
    Optional<Long> running = pid(home).filter(pid -> isQemuOf(home, pid));
    if (running.isPresent()) {
      return Reply.refused(
          "%s has a guest already, process %d; adopt it, or end it first"
              .formatted(home.directory(), running.get()));
    }
    try {
      prepare(spec, home, role);
      return await(spawn(spec, home, role, settings), spec, home, role, settings.patience());
    } catch (IOException e) {
      return Reply.refused(
          "%s: %s; maybe QEMU is not installed (apt-get install qemu-system-x86)"
              .formatted(settings.binary(), e.getMessage()));
    }
  }

  private static void prepare(GuestSpec spec, GuestHome home, GuestRole role) throws IOException {
    var onlyUs = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    if (!Files.isDirectory(home.directory())) {
      Files.createDirectories(home.directory(), onlyUs);
    }
    for (Path stale : List.of(home.monitor(), home.pidFile(), home.held(), home.deviceSocket())) {
      Files.deleteIfExists(stale);
    }
    if (role == GuestRole.PRIMARY) {
      Files.deleteIfExists(home.ram());
    }
    // Whoever can read the file reads the guest's memory.
    var secret = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    try (FileChannel ram =
        FileChannel.open(
            home.ram(), Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), secret)) {
      if (ram.size() < spec.memoryBytes()) {
        ram.write(ByteBuffer.allocate(1), spec.memoryBytes() - 1);
      }
    }
    new GuestFile(spec, home.ram(), role).write(home);
  }

  private static Process spawn(
      GuestSpec spec, GuestHome home, GuestRole role, LaunchSettings settings) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(CommandLine.of(spec, home, role, settings))
            .directory(home.directory().toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(home.log().toFile());
    if (settings.tracking().isPresent()) {
      builder.environment().put("LD_PRELOAD", settings.tracking().get().toString());
      // As the kernel names it, without links.
      builder.environment().put("PENUMBRA_RAM", home.ram().toRealPath().toString());
    }
    return builder.start();
  }

  private static Reply<QemuGuest> await(
      Process process, GuestSpec spec, GuestHome home, GuestRole role, Duration patience) {
    long until = System.nanoTime() + patience.toNanos();
    try {
      while (System.nanoTime() < until) {
        Reply<QmpClient> connected = QmpClient.connect(home.monitor(), ATTEMPT);
        if (connected instanceof Reply.Done<QmpClient>(QmpClient qmp)) {
          return Reply.done(new QemuGuest(spec, home, role, process.pid(), qmp));
        }
        if (process.waitFor(0, TimeUnit.MILLISECONDS)) {
          return Reply.refused(
              "QEMU ended with %d: %s".formatted(process.exitValue(), complaint(home)));
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    return Reply.refused(
        "QEMU did not answer within %s and was ended: %s".formatted(patience, complaint(home)));
  }

  private static String complaint(GuestHome home) {
    try {
      String text = Files.readString(home.log()).strip();
      return text.substring(Math.max(0, text.length() - COMPLAINT_CHARS_MAX));
    } catch (IOException e) {
      return "%s can't be read".formatted(home.log());
    }
  }

  static Reply<QemuGuest> adopt(Path directory, Duration timeout) {
    return find(directory)
        .then(found ->
            QmpClient.connect(found.home().monitor(), timeout)
                .map(qmp ->
                    new QemuGuest(
                        found.file().spec(), found.home(), found.file().role(), found.pid(), qmp)));
  }

  static Reply<Long> destroy(Path directory, Duration timeout) {
    return find(directory)
        .then(found ->
            kill(new ProcessFiles(found.pid()), timeout)
                .then(gone -> removeFiles(found.home()).map(_ -> gone)));
  }

  private static Reply<Found> find(Path directory) {
    GuestHome near = GuestHome.in(directory);
    try {
      if (!Files.exists(near.description())) {
        return Reply.refused(
            "%s has no guest.json; no guest was started there".formatted(directory));
      }
      GuestFile file = GuestFile.read(near);
      GuestHome home = new GuestHome(directory, file.ram());
      return pid(home)
          .filter(number -> isQemuOf(home, number))
          .map(number -> Reply.done(new Found(file, home, number)))
          .orElseGet(
              () -> Reply.refused("the guest of %s does not run any more".formatted(directory)));
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(near.description(), e.getMessage()));
    }
  }

  /** A guest that runs, by what its directory says. */
  private record Found(GuestFile file, GuestHome home, long pid) {}

  /** What is gone then has let go of its disks and ports, too. */
  static Reply<Long> kill(ProcessFiles process, Duration timeout) {
    process.kill();
    long until = System.nanoTime() + timeout.toNanos();
    while (process.isAlive()) {
      if (System.nanoTime() > until) {
        return Reply.unknown("process %d still lives after %s".formatted(process.pid(), timeout));
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
    return Reply.done(process.pid());
  }

  static Reply<GuestHome> removeFiles(GuestHome home) {
    try {
      for (Path file :
          List.of(
              home.ram(),
              home.deviceState(),
              home.deviceSocket(),
              home.monitor(),
              home.pidFile(),
              home.held(),
              home.description())) {
        Files.deleteIfExists(file);
      }
      return Reply.done(home);
    } catch (IOException e) {
      return Reply.unknown("%s: %s".formatted(home.directory(), e.getMessage()));
    }
  }

  private static Optional<Long> pid(GuestHome home) {
    try {
      return Optional.of(Long.parseLong(Files.readString(home.pidFile()).strip()));
    } catch (IOException | NumberFormatException _) {
      return Optional.empty();
    }
  }

  /** Process ids are used again: the one we mean has our directory in its command line. */
  static boolean isQemuOf(GuestHome home, long pid) {
    ProcessFiles files = new ProcessFiles(pid);
    return files.isAlive() && files.commandLine().contains(home.pidFile().toString());
  }
}
