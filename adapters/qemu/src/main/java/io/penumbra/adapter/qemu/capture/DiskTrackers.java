package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The disks of one guest, and the NBD server in its QEMU through which they are read. */
final class DiskTrackers implements AutoCloseable {

  private final QmpClient qmp;
  private final Path socket;
  private final List<DiskTracker> disks = new ArrayList<>();

  private DiskTrackers(QmpClient qmp, Path socket) {
    this.qmp = qmp;
    this.socket = socket;
  }

  static Reply<DiskTrackers> open(QemuGuest guest, GuestIdentity identity) {
    Path socket = guest.home().directory().resolve("nbd.sock");
    DiskTrackers trackers = new DiskTrackers(guest.qmp(), socket);
    List<Disk> disks = guest.spec().disks();
    if (disks.isEmpty()) {
      return Reply.done(trackers);
    }
    Reply<DiskTrackers> opened =
        trackers.clearUp().then(_ -> trackers.startServer()).then(_ -> Reply.done(trackers));
    for (Disk disk : disks) {
      opened =
          opened.then(_ ->
              DiskTracker.open(
                      guest.qmp(), disk, identity.diskBytes().getOrDefault(disk.name(), 0L), socket)
                  .map(tracker -> {
                    trackers.disks.add(tracker);
                    return trackers;
                  }));
    }
    if (!opened.isDone()) {
      trackers.close();
    }
    return opened;
  }

  /** Removes what an agent that died has left in this QEMU. */
  private Reply<JsonNode> clearUp() {
    // Refused if there is no server, which is as well.
    qmp.execute("nbd-server-stop");
    return qmp.execute(QmpCommand.of("query-named-block-nodes").with("flat", true))
        .map(nodes -> {
          for (JsonNode node : nodes) {
            for (JsonNode bitmap : node.path("dirty-bitmaps")) {
              if (bitmap.path("name").asText().startsWith(DiskTracker.PREFIX)) {
                qmp.execute(
                    QmpCommand.of("block-dirty-bitmap-remove")
                        .with("node", node.path("node-name").asText())
                        .with("name", bitmap.path("name").asText()));
              }
            }
          }
          return nodes;
        });
  }

  private Reply<JsonNode> startServer() {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(socket, e.getMessage()));
    }
    QmpCommand start = QmpCommand.of("nbd-server-start");
    start
        .arguments()
        .putObject("addr")
        .put("type", "unix")
        .putObject("data")
        .put("path", socket.toString());
    return qmp.execute(start);
  }

  List<DiskTracker> disks() {
    return disks;
  }

  @Override
  public void close() {
    if (!disks.isEmpty()) {
      disks.forEach(DiskTracker::close);
      qmp.execute("nbd-server-stop");
    }
    try {
      Files.deleteIfExists(socket);
    } catch (IOException _) {
      // It goes with the guest's directory.
    }
  }
}
