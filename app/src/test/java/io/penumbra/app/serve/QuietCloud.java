package io.penumbra.app.serve;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.service.Controller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A control plane over hosts named as those of a cloud, on which nothing happens. For measuring
 * what a question of nova-scheduler costs, see {@code placement-plugin/nova/bench}.
 */
final class QuietCloud implements Cloud {

  private final int hosts;

  private QuietCloud(int hosts) {
    this.hosts = hosts;
  }

  /** Serves until it is killed: PORT HOSTS TOKEN-FILE STATE-DIRECTORY. */
  public static void main(String... args) throws IOException, InterruptedException {
    ServeConfig config = config(args[2], args[3]);
    QuietCloud cloud = new QuietCloud(Integer.parseInt(args[1]));
    try (Server server =
        Server.start(
            config,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])),
            Optional.empty(),
            controller -> {
              Thread.ofVirtual().start(() -> cloud.beat(controller));
              return ServePorts.of(cloud, command -> {}, command -> {}, List.of(), () -> {});
            },
            alert -> {},
            (route, cause) -> System.err.println(route + ": " + cause),
            InstantSource.system())) {
      System.out.println("listening on " + server.address());
      Thread.currentThread().join();
    }
  }

  private static ServeConfig config(String token, String state) throws IOException {
    Path file = Files.createTempFile("penumbra", ".yaml");
    try {
      Files.writeString(
          file,
          """
          state: %s
          tokens: {nova: "file:%s"}
          cloud: {kind: agents, token: "file:%s"}
          """
              .formatted(state, token, token));
      return ConfigFile.read(file, ServeConfig.class);
    } finally {
      Files.delete(file);
    }
  }

  /** Every host lives, and says so. */
  private void beat(Controller controller) {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        for (int i = 1; i <= hosts; i++) {
          controller.heartbeat(name(i));
        }
        Thread.sleep(500);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static HostId name(int number) {
    return HostId.of("hv-%02d".formatted(number));
  }

  @Override
  public Snapshot snapshot() {
    List<HostReport> reports = new ArrayList<>();
    for (int i = 1; i <= hosts; i++) {
      reports.add(
          new HostReport(
              new Host(
                  name(i),
                  new Location("zone", "feed" + i % 4, "rack" + i % 8, "chassis" + i),
                  new HardwareProfile("acme", "gen1", "fw1", "kvm1", List.of()),
                  new Resources(1_000, 8_000_000, 600_000),
                  Instant.parse("2025-01-01T00:00:00Z")),
              HostCondition.UP));
    }
    return new Snapshot(0, reports, List.of(), List.of());
  }

  @Override
  public Page events(long cursor, int max) {
    return new Page(List.of(), cursor);
  }

  @Override
  public void execute(Command.CloudCommand command) {
    // nothing runs here that could be touched
  }
}
