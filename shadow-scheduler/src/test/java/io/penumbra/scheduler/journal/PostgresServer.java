package io.penumbra.scheduler.journal;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real PostgreSQL server of the test's own: its data in a temporary directory, its port free, its
 * end by its own process id. The server refuses to run as root, so root hands it to the user {@code
 * postgres} that Debian's package has made.
 */
final class PostgresServer implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Path directory;
  private final int port;
  private final Path binaries;
  private final Thread endWithTheJvm = new Thread(this::stop);
  private Process process;

  private PostgresServer(Path binaries, Path directory, int port) throws Exception {
    this.binaries = binaries;
    this.directory = directory;
    this.port = port;
    this.process = launch();
  }

  /** Where the server's programs are, newest version first, if they are anywhere. */
  static Optional<Path> findBinaries() {
    List<Path> places = new ArrayList<>();
    try (DirectoryStream<Path> versions =
        Files.newDirectoryStream(Path.of("/usr/lib/postgresql"))) {
      versions.forEach(version -> places.add(version.resolve("bin")));
    } catch (IOException e) {
      // Not Debian; the PATH may still have them.
    }
    places.sort((one, other) -> other.compareTo(one));
    Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .map(Path::of)
        .forEach(places::add);
    return places.stream().filter(place -> Files.isExecutable(place.resolve("initdb"))).findFirst();
  }

  static PostgresServer start(Path binaries) throws Exception {
    Path directory =
        Files.createTempDirectory(
            "penumbra-postgres",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    if (isRoot()) {
      Files.setOwner(
          directory,
          directory
              .getFileSystem()
              .getUserPrincipalLookupService()
              .lookupPrincipalByName("postgres"));
    }
    Process initdb =
        asServerUser(
                directory,
                binaries.resolve("initdb").toString(),
                "--pgdata=" + directory.resolve("data"),
                "--username=penumbra",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync")
            .start();
    if (!initdb.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || initdb.exitValue() != 0) {
      initdb.destroyForcibly();
      throw new IllegalStateException(
          "initdb failed:\n" + Files.readString(directory.resolve("log")));
    }
    return new PostgresServer(binaries, directory, freePort());
  }

  private Process launch() throws Exception {
    Process started =
        asServerUser(
                directory,
                binaries.resolve("postgres").toString(),
                "-D",
                directory.resolve("data").toString(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "port=" + port,
                "-c",
                "unix_socket_directories=" + directory,
                "-c",
                "max_connections=20")
            .start();
    process = started;
    Runtime.getRuntime().addShutdownHook(endWithTheJvm);
    waitUntilItAnswers(started);
    return started;
  }

  private void waitUntilItAnswers(Process started) throws Exception {
    long tries = PATIENCE.toMillis() / 50;
    while (true) {
      try (Connection _ = DriverManager.getConnection(url("postgres"))) {
        return;
      } catch (SQLException e) {
        if (!started.isAlive() || tries-- <= 0) {
          started.destroyForcibly();
          throw new IllegalStateException(
              "postgres did not start:\n" + Files.readString(directory.resolve("log")), e);
        }
        Thread.sleep(50);
      }
    }
  }

  /** Makes an empty database and gives its URL. */
  String newDatabase(String name) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url("postgres"))) {
      SqlDialect.execute(connection, "create database " + name);
    }
    return url(name);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s?user=penumbra".formatted(port, database);
  }

  /** Cuts the server off in the middle of whatever it does, and starts it again on its data. */
  void crashAndRestart() throws Exception {
    Process crashing = process;
    kill("-QUIT", crashing.pid());
    crashing.waitFor();
    Runtime.getRuntime().removeShutdownHook(endWithTheJvm);
    process = launch();
  }

  private static void kill(String signal, long pid) throws Exception {
    // The shell's own: a small machine has no program of that name.
    new ProcessBuilder("sh", "-c", "kill %s %d".formatted(signal, pid))
        .inheritIO()
        .start()
        .waitFor();
  }

  private void stop() {
    try {
      // Fast shutdown: disconnects clients, and its children end before it does.
      kill("-INT", process.pid());
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (Exception e) {
      process.destroyForcibly();
    }
  }

  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(endWithTheJvm);
    stop();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(file);
      }
    }
  }

  private static ProcessBuilder asServerUser(Path directory, String... command) {
    List<String> whole = new ArrayList<>();
    if (isRoot()) {
      // setpriv replaces itself by the command, so the process that is started is the server.
      whole.addAll(
          List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"));
    }
    whole.addAll(List.of(command));
    return new ProcessBuilder(whole)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()));
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** None of those that the kernel gives to whoever asks for any: nobody gets it by chance. */
  private static int freePort() throws IOException {
    for (int tries = 0; ; tries++) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return port;
      } catch (BindException e) {
        if (tries == 100) {
          throw e;
        }
      }
    }
  }
}
