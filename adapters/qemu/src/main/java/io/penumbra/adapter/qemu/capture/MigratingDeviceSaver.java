package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.qmp.EventWatch;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.adapter.qemu.qmp.QmpEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Saves devices by a migration to a socket of ours that leaves shared memory out. Memory that is
 * not shared, such as that of a graphics card, comes along, so this is right for any guest.
 */
final class MigratingDeviceSaver implements DeviceSaver {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private static final String[] ABILITIES = {"x-ignore-shared", "events"};

  private final QmpClient qmp;
  private final boolean borrowed;
  private final Path path;
  private final ServerSocketChannel server;
  private final Selector selector;
  private final EventWatch progress;

  private MigratingDeviceSaver(
      QemuGuest guest, Path path, ServerSocketChannel server, Selector selector) {
    this.qmp = guest.qmp();
    this.borrowed = guest.isBorrowed();
    this.path = path;
    this.server = server;
    this.selector = selector;
    progress = qmp.watch("MIGRATION");
  }

  static Reply<DeviceSaver> of(QemuGuest guest) {
    Reply<JsonNode> able = Capabilities.set(guest.qmp(), ABILITIES);
    if (guest.isBorrowed()) {
      able = able.then(_ -> guest.qmp().execute(Capabilities.without(ABILITIES[0])));
    }
    return able.then(_ -> {
      Path path = guest.home().deviceSocket();
      try {
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        guest.letWrite(path);
        server.configureBlocking(false);
        Selector selector = Selector.open();
        server.register(selector, SelectionKey.OP_ACCEPT);
        return Reply.done(new MigratingDeviceSaver(guest, path, server, selector));
      } catch (IOException e) {
        return Reply.refused("%s: %s".formatted(path, e.getMessage()));
      }
    });
  }

  /** Whoever else has this QEMU migrate means all of its memory. */
  @Override
  public List<QmpCommand> commands() {
    QmpCommand migrate = QmpCommand.of("migrate").with("uri", "unix:" + path);
    return borrowed ? List.of(Capabilities.command(ABILITIES), migrate) : List.of(migrate);
  }

  @Override
  public Reply<DeviceState> collect() {
    Reply<DeviceState> collected = await();
    if (borrowed) {
      Reply<JsonNode> undone = qmp.execute(Capabilities.without(ABILITIES[0]));
      return collected.then(state -> undone.map(_ -> state));
    }
    return collected;
  }

  private Reply<DeviceState> await() {
    try {
      selector.select(TIMEOUT.toMillis());
      selector.selectedKeys().clear();
      SocketChannel accepted = server.accept();
      if (accepted == null) {
        return Reply.unknown("QEMU did not connect to %s within %s".formatted(path, TIMEOUT));
      }
      byte[] stream;
      try (SocketChannel from = accepted) {
        stream = readAll(from);
      }
      Optional<QmpEvent> end = progress.await(MigratingDeviceSaver::isOver, TIMEOUT);
      String status = end.map(event -> event.data().path("status").asText()).orElse("no answer");
      return status.equals("completed")
          ? Reply.done(new DeviceState(DeviceState.Way.MIGRATION, stream))
          : Reply.unknown("the devices' state did not come: " + status);
    } catch (IOException | IllegalArgumentException e) {
      return Reply.unknown("%s: %s".formatted(path, e.getMessage()));
    }
  }

  private static boolean isOver(QmpEvent event) {
    String status = event.data().path("status").asText();
    return status.equals("completed") || status.equals("failed") || status.equals("cancelled");
  }

  private static byte[] readAll(SocketChannel from) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 19);
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (from.read(buffer) >= 0) {
      bytes.write(buffer.array(), 0, buffer.position());
      if (bytes.size() > DeviceState.REGION_BYTES) {
        throw new IOException("more than %,d bytes".formatted(DeviceState.REGION_BYTES));
      }
      buffer.clear();
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    progress.close();
    try {
      selector.close();
      server.close();
      Files.deleteIfExists(path);
    } catch (IOException _) {
      // They go with the process.
    }
  }
}
