package io.penumbra.app;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.agent.OwnCaps;
import io.penumbra.adapter.qemu.guest.GuestCheck;
import io.penumbra.adapter.qemu.guest.GuestDiscovery;
import io.penumbra.adapter.qemu.guest.LibvirtMonitor;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Looks at everything Penumbra needs of a machine by using it, not by guessing from its name: the
 * database writes a row, the native library is loaded.
 *
 * @param environment variables of the process
 * @param output where reports and logs will go
 */
record Checkup(Map<String, String> environment, Path output) {

  private static final Duration MONITOR_PATIENCE = Duration.ofMillis(300);
  private static final long DISK_BYTES_MIN = 1L << 30;
  private static final long HEAP_BYTES_FOR_LARGE_FLEETS = 3L << 30;

  /** Every finding, in the order a person would mend them. */
  List<Finding> findings() {
    List<Finding> findings =
        new ArrayList<>(
            List.of(
                java(),
                gradientBoosting(),
                sqlite(),
                postgres(),
                writable(),
                disk(),
                machine(),
                terminal(),
                agent(),
                lab()));
    for (RunningGuest guest : GuestDiscovery.find()) {
      findings.add(guest(guest));
    }
    return List.copyOf(findings);
  }

  /** How a node agent would be held to its share here. */
  private static Finding agent() {
    return Finding.ok(
        "agent",
        OwnCaps.available()
            + "; ./penumbra agent has a heap of 512 MiB, PENUMBRA_JAVA_OPTS=-Xmx... for another");
  }

  /** Real guests, and what stands in front of them. */
  private Finding lab() {
    List<String> lacking = new ArrayList<>();
    new TreeMap<>(
            Map.of(
                "qemu-system-x86_64", "qemu-system-x86",
                "haproxy", "haproxy",
                "named", "bind9",
                "cpio", "cpio",
                "cc", "gcc libc6-dev"))
        .forEach((binary, debianPackage) -> {
          if (!onPath(binary)) {
            lacking.add(debianPackage);
          }
        });
    return lacking.isEmpty()
        ? Finding.ok("lab", "QEMU, HAProxy, BIND and a compiler are there: ./penumbra lab")
        : Finding.absent(
            "lab",
            "%d things are missing that ./penumbra lab and the agent use".formatted(lacking.size()),
            "apt-get install " + String.join(" ", lacking));
  }

  private boolean onPath(String binary) {
    String path = environment.getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin";
    for (String directory : path.split(File.pathSeparator, -1)) {
      if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, binary))) {
        return true;
      }
    }
    return false;
  }

  /** Whether a guest that runs here could have a shadow, and what it lacks. */
  private static Finding guest(RunningGuest guest) {
    String subject = "guest " + (guest.name().isEmpty() ? guest.pid() : guest.name());
    if (guest.libvirt()) {
      LibvirtMonitor monitor = new LibvirtMonitor(guest.name());
      return verdict(
          subject, guest, GuestCheck.check(guest, command -> monitor.execute(command).found()));
    }
    if (guest.monitor().isEmpty()) {
      return verdict(subject, guest, GuestCheck.check(guest, command -> Optional.empty()));
    }
    Reply<QmpClient> connected = QmpClient.connect(guest.monitor().get(), MONITOR_PATIENCE);
    if (connected instanceof Reply.Done<QmpClient>(QmpClient monitor)) {
      try (monitor) {
        return verdict(subject, guest, GuestCheck.check(guest, monitor));
      }
    }
    return Finding.ok(
        subject, "process %d; somebody holds its monitor, maybe its agent".formatted(guest.pid()));
  }

  private static Finding verdict(
      String subject, RunningGuest guest, List<io.penumbra.adapter.qemu.guest.Finding> findings) {
    for (io.penumbra.adapter.qemu.guest.Finding found : findings) {
      if (found instanceof io.penumbra.adapter.qemu.guest.Finding.Lacking lacking) {
        return Finding.absent(
            subject,
            "can't have a shadow: its %s %s".formatted(lacking.what(), lacking.why()),
            lacking.advice());
      }
    }
    return Finding.ok(
        subject,
        guest.libvirt()
            ? "process %d can have a shadow: see agent --libvirt".formatted(guest.pid())
            : "process %d can have a shadow".formatted(guest.pid()));
  }

  private static Finding java() {
    Runtime.Version version = Runtime.version();
    String detail = "%s at %s".formatted(version, System.getProperty("java.home"));
    return version.feature() == 25
        ? Finding.ok("Java", detail)
        : Finding.missing(
            "Java",
            detail + "; expected 25",
            "apt-get install openjdk-25-jdk, or https://adoptium.net");
  }

  private static Finding gradientBoosting() {
    try {
      // Its static initialiser unpacks and loads the native library, which needs libgomp.so.1.
      Class.forName("ml.dmlc.xgboost4j.java.XGBoostJNI");
      return Finding.ok("XGBoost", "native library loads; risk models can be trained");
    } catch (ClassNotFoundException e) {
      return Finding.missing(
          "XGBoost",
          "not on the class path; no training of risk models",
          "Build again: ./mvnw clean package");
    } catch (LinkageError e) {
      return Finding.missing(
          "XGBoost",
          "native library does not load, so no training of risk models: " + rootCause(e),
          "Maybe libgomp.so.1 is missing: apt-get install libgomp1");
    }
  }

  private static String rootCause(Throwable thrown) {
    Throwable deepest = thrown;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return String.valueOf(deepest.getMessage());
  }

  private static Finding sqlite() {
    try {
      Path directory = Files.createTempDirectory("penumbra-doctor");
      Path file = directory.resolve("check.db");
      try {
        return Finding.ok(
            "SQLite", "%s writes to %s".formatted(writeOneRow(file), directory.getParent()));
      } finally {
        Files.deleteIfExists(file);
        Files.deleteIfExists(directory);
      }
    } catch (IOException | SQLException | LinkageError e) {
      return Finding.missing(
          "SQLite",
          "the journal cannot be written: " + rootCause(e),
          "Point java.io.tmpdir at a directory that allows executables: PENUMBRA_JAVA_OPTS=-Djava.io.tmpdir=/var/tmp");
    }
  }

  private static String writeOneRow(Path file) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("create table checkup (entry integer)");
      statement.executeUpdate("insert into checkup values (1)");
      try (ResultSet row = statement.executeQuery("select sqlite_version() from checkup")) {
        row.next();
        return row.getString(1);
      }
    }
  }

  private Finding postgres() {
    Optional<Path> initdb =
        postgresBinaries().stream()
            .map(bin -> bin.resolve("initdb"))
            .filter(Files::isExecutable)
            .findFirst();
    return initdb
        .map(found -> Finding.ok("PostgreSQL", "server binaries in " + found.getParent()))
        .orElseGet(() ->
            Finding.absent(
                "PostgreSQL",
                "no server binaries here; needed by ./penumbra test, or on another machine as a journal",
                "apt-get install postgresql"));
  }

  private List<Path> postgresBinaries() {
    List<Path> places = new ArrayList<>();
    try (DirectoryStream<Path> versions =
        Files.newDirectoryStream(Path.of("/usr/lib/postgresql"))) {
      versions.forEach(version -> places.add(version.resolve("bin")));
    } catch (IOException e) {
      // Debian keeps them there; elsewhere they are on the PATH.
    }
    places.sort(null);
    for (String directory : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      if (!directory.isEmpty()) {
        places.add(Path.of(directory));
      }
    }
    return places;
  }

  private Finding writable() {
    Path existing = nearestExisting();
    return Files.isDirectory(existing) && Files.isWritable(existing)
        ? Finding.ok("output", "may write to " + output)
        : Finding.missing(
            "output", "may not write to " + output, "Choose another directory with --out");
  }

  private Finding disk() {
    try {
      FileStore store = Files.getFileStore(nearestExisting());
      long free = store.getUsableSpace();
      String detail = "%.1f GiB free for %s".formatted(gib(free), output);
      return free >= DISK_BYTES_MIN
          ? Finding.ok("disk", detail)
          : Finding.missing(
              "disk",
              detail + "; expected 1 GiB",
              "Make room, or choose another directory with --out");
    } catch (IOException e) {
      return Finding.missing(
          "disk", "cannot be asked: " + e.getMessage(), "Choose another directory with --out");
    }
  }

  /** The output directory itself, or the closest parent that exists: it will be made there. */
  private Path nearestExisting() {
    Path place = output.toAbsolutePath().normalize();
    while (!Files.exists(place) && place.getParent() != null) {
      place = place.getParent();
    }
    return place;
  }

  private static Finding machine() {
    Runtime runtime = Runtime.getRuntime();
    String detail =
        "%d cores, heap may grow to %.1f GiB"
            .formatted(runtime.availableProcessors(), gib(runtime.maxMemory()));
    return runtime.maxMemory() >= HEAP_BYTES_FOR_LARGE_FLEETS
        ? Finding.ok("machine", detail)
        : Finding.absent(
            "machine",
            detail + "; enough for the demo, 10,000 hosts for 30 days want 3 GiB",
            "PENUMBRA_JAVA_OPTS=-Xmx4g ./penumbra ...");
  }

  private Finding terminal() {
    String kind = environment.getOrDefault("TERM", "none");
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent()
        ? Finding.ok("terminal", kind + "; progress bars are drawn")
        : Finding.absent("terminal", "none (TERM " + kind + "); progress comes as plain lines", "");
  }

  private static double gib(long bytes) {
    return bytes / (double) (1L << 30);
  }
}
