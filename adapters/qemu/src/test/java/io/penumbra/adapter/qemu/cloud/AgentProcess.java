package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An agent in a process of its own, so that it can be killed as agents are. */
public final class AgentProcess implements AutoCloseable {

  private final Path directory;
  private final String host;
  private final String controller;
  private final int port;
  private Process process;

  private AgentProcess(Path directory, String host, String controller, int port)
      throws IOException {
    this.directory = directory;
    this.host = host;
    this.controller = controller;
    this.port = port;
    process = launch();
  }

  /** Runs one: directory, host, controller, port. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    TestHost agent =
        TestHost.asProcess(
            Path.of(arguments[0]),
            arguments[1],
            arguments[2],
            Integer.parseInt(arguments[3]),
            LaunchSettings.DEFAULT);
    System.out.println("ready " + agent.id());
    Thread.sleep(TimeUnit.MINUTES.toMillis(15));
    agent.close();
  }

  static AgentProcess start(Path directory, String host, String controller, int port)
      throws IOException {
    return new AgentProcess(directory, host, controller, port);
  }

  private Process launch() throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                AgentProcess.class.getName(),
                directory.toString(),
                host,
                controller,
                String.valueOf(port)))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve(host + ".log").toFile()))
        .start();
  }

  String address() {
    return "http://127.0.0.1:" + port;
  }

  /** As {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  void restart() throws IOException {
    process = launch();
  }

  String log() throws IOException {
    return Files.readString(directory.resolve(host + ".log"));
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
