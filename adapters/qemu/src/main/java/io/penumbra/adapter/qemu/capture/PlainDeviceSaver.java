package io.penumbra.adapter.qemu.capture;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Saves devices and nothing else, by the command that Xen's tools use; it needs no Xen. QEMU's main
 * thread writes to a file in memory and answers when it is whole: no thread is started, no socket,
 * no rate limit, and images of disks stay as they are, all of which a migration costs.
 */
final class PlainDeviceSaver implements DeviceSaver {

  static final String COMMAND = "xen-save-devices-state";

  private final Path file;

  private PlainDeviceSaver(Path file) {
    this.file = file;
  }

  static Reply<DeviceSaver> of(QemuGuest guest) {
    Path file = guest.home().deviceState();
    try {
      if (!Files.exists(file)) {
        // QEMU would let others read it.
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      guest.letWrite(file);
      return Reply.done(new PlainDeviceSaver(file));
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(file, e.getMessage()));
    }
  }

  @Override
  public List<QmpCommand> commands() {
    // Not live: else QEMU gives up its disks to another that goes on with them.
    return List.of(QmpCommand.of(COMMAND).with("filename", file.toString()).with("live", false));
  }

  @Override
  public Reply<DeviceState> collect() {
    try {
      DeviceState state = new DeviceState(DeviceState.Way.DEVICES, Files.readAllBytes(file));
      return state.isStream()
          ? Reply.done(state)
          : Reply.refused("%s is no stream of QEMU's (%s)".formatted(file, state));
    } catch (IOException | IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(file, e.getMessage()));
    }
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException _) {
      // It goes with the guest's other files.
    }
  }
}
