package io.penumbra.adapter.brokers;

import java.io.File;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A real Kafka server, one node of broker and controller (KRaft), as a process of its own. */
final class KafkaBroker implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String CLUSTER = "AAAAAAAAAAAAAAAAAAAAAQ";

  private final Process process;
  private final String address;

  private KafkaBroker(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts one that keeps its data in a directory, and waits until it takes connections. */
  static KafkaBroker in(Path directory) throws IOException, InterruptedException {
    int port = freePort();
    Path settings = Files.writeString(directory.resolve("kafka.properties"), text(port, directory));
    Path log = directory.resolve("kafka.log");
    Process format =
        java(log, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", settings.toString());
    if (!format.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || format.exitValue() != 0) {
      throw new IOException("Kafka could not format its storage: " + Files.readString(log));
    }
    Process server = java(log, "kafka.Kafka", settings.toString());
    KafkaBroker broker = new KafkaBroker(server, "127.0.0.1:" + port);
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!answers(port)) {
      if (!server.isAlive() || Instant.now().isAfter(deadline)) {
        broker.close();
        throw new IOException("Kafka did not start: " + Files.readString(log));
      }
      Thread.sleep(50);
    }
    return broker;
  }

  private static String text(int port, Path directory) throws IOException {
    int controller = freePort();
    return """
    process.roles=broker,controller
    node.id=1
    controller.quorum.voters=1@127.0.0.1:%2$d
    listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
    advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
    controller.listener.names=CONTROLLER
    listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
    log.dirs=%3$s
    num.partitions=1
    offsets.topic.num.partitions=1
    offsets.topic.replication.factor=1
    transaction.state.log.replication.factor=1
    transaction.state.log.min.isr=1
    group.initial.rebalance.delay.ms=0
    """
        .formatted(port, controller, directory.resolve("kafka"));
  }

  private static Process java(Path log, String main, String... arguments) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                jarsOnly(),
                main));
    line.addAll(List.of(arguments));
    return new ProcessBuilder(line)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  private static String jarsOnly() {
    List<String> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (entry.endsWith(".jar")) {
        jars.add(entry);
      }
    }
    return String.join(File.pathSeparator, jars);
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  /**
   * One that was free a moment ago, and none of those that the kernel gives to whoever asks for
   * any: until Kafka listens, nobody gets it by chance.
   */
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

  /** Where clients connect to. */
  String address() {
    return address;
  }

  @Override
  public void close() {
    try {
      process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }
}
