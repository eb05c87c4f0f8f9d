package io.penumbra.adapter.qemu.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.guest.GuestDiscovery;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A libvirt of our own, all of whose files are in one directory: what {@code qemu:///session} is to
 * a user. It runs under another account if we are root, for then it would be the system's.
 */
public final class Libvirt implements AutoCloseable {

  private static final List<String> PLACES =
      List.of("RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME", "DATA_HOME");

  private static final String DAEMON = "/usr/sbin/libvirtd";
  private static final String VIRSH = "/usr/bin/virsh";
  private static final String OTHER_ACCOUNT = "nobody";
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** It ends by itself when nobody uses it, should we be killed. */
  private static final String IDLE_SECONDS = "60";

  private final Path directory;
  private final List<String> domains = new ArrayList<>();
  private Process daemon;

  private Libvirt(Path directory, Process daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  /** Without libvirt a test fails where CI=true, and is skipped elsewhere. */
  public static void needed() {
    for (String program : List.of(DAEMON, VIRSH)) {
      boolean there = Files.isExecutable(Path.of(program));
      String lacks = program + " is missing (apt-get install libvirt-daemon libvirt-clients)";
      assumeTrue(there || "true".equals(System.getenv("CI")), lacks);
      assertThat(there).as(lacks).isTrue();
    }
  }

  /** Starts one, where it can be had. */
  public static Libvirt start() throws IOException, InterruptedException {
    needed();
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "pl");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    for (String place : PLACES) {
      Path own = Files.createDirectory(directory.resolve(place));
      Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx------"));
      give(own);
    }
    Libvirt libvirt = new Libvirt(directory, daemon(directory));
    libvirt.awaitSocket();
    return libvirt;
  }

  private static Process daemon(Path directory) throws IOException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("setpriv", "--reuid=" + OTHER_ACCOUNT, "--clear-groups"));
    }
    command.addAll(List.of(DAEMON, "--timeout", IDLE_SECONDS));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()));
    for (String place : PLACES) {
      builder.environment().put("XDG_" + place, directory.resolve(place).toString());
    }
    builder.environment().put("HOME", directory.resolve("DATA_HOME").toString());
    return builder.start();
  }

  private void awaitSocket() throws IOException, InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (!Files.exists(socket()) && System.nanoTime() < until) {
      Thread.sleep(50);
    }
    assertThat(socket()).as(Files.readString(directory.resolve("log"))).exists();
  }

  /** Ends it and starts it anew, as an upgrade does; its guests run on. */
  public void restart() throws IOException, InterruptedException {
    daemon.destroy();
    assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).as("libvirt ends").isTrue();
    Files.deleteIfExists(socket());
    daemon = daemon(directory);
    awaitSocket();
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** To whom its guests run as. */
  private static void give(Path file) throws IOException {
    if (isRoot()) {
      Files.setOwner(
          file,
          file.getFileSystem()
              .getUserPrincipalLookupService()
              .lookupPrincipalByName(OTHER_ACCOUNT));
    }
  }

  private Path socket() {
    return directory.resolve("RUNTIME_DIR/libvirt/libvirt-sock");
  }

  /** What virsh is told to connect to. */
  public String uri() {
    return "qemu+unix:///session?socket=" + socket();
  }

  /** A file of that name for its guests. */
  public Path file(String name) throws IOException {
    Path file = directory.resolve(name);
    if (Files.exists(file)) {
      give(file);
    }
    return file;
  }

  /** A copy that its guests can read. */
  public Path copyOf(Path file) throws IOException {
    Path copy = directory.resolve(String.valueOf(file.getFileName()));
    if (!Files.exists(copy)) {
      Files.copy(file, copy);
      Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
    }
    return copy;
  }

  /** Starts a domain; the process in which it runs. */
  public RunningGuest create(String name, String xml) throws IOException, InterruptedException {
    Path description = directory.resolve(name + ".xml");
    Files.writeString(description, xml);
    domains.add(name);
    virsh("create", description.toString());
    return running(name);
  }

  private static RunningGuest running(String name) {
    return GuestDiscovery.find().stream()
        .filter(guest -> guest.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Has it carry something out; what it says. */
  public String virsh(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(VIRSH, "--quiet", "--connect", uri()));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(command.toString()).isTrue();
    assertThat(process.exitValue()).as("%s: %s", command, said).isZero();
    return said.strip();
  }

  /** Of its domains. */
  private List<Long> processes() {
    return GuestDiscovery.find().stream()
        .filter(guest -> domains.contains(guest.name()))
        .map(RunningGuest::pid)
        .toList();
  }

  @Override
  public void close() throws IOException {
    try {
      // Another test may call one the same, and must not find this one dying.
      long until = System.nanoTime() + PATIENCE_NANOS;
      for (List<Long> left = processes(); !left.isEmpty(); left = processes()) {
        left.stream()
            .flatMap(pid -> ProcessHandle.of(pid).stream())
            .forEach(ProcessHandle::destroyForcibly);
        assertThat(System.nanoTime()).as("%s live on", left).isLessThan(until);
        Thread.sleep(5);
      }
      daemon.destroy();
      if (!daemon.waitFor(10, TimeUnit.SECONDS)) {
        daemon.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      daemon.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
