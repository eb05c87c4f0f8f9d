package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import java.util.List;

/** Finds out how the devices of a guest may be saved. */
final class DeviceSavers {

  /** Memory that QEMU fills from files or makes anew when it starts: both ends have the same. */
  private static final List<String> SAME_AT_BOTH_ENDS =
      List.of(
          "pc\\.bios",
          "pc\\.rom",
          "isa-bios",
          "/rom@.*",
          ".*\\.rom",
          "ram",
          "pc\\.ram",
          "/objects/ram");

  private DeviceSavers() {}

  static Reply<DeviceSaver> choose(QemuGuest guest, CaptureSettings settings) {
    if (!settings.plainDevices()) {
      return MigratingDeviceSaver.of(guest);
    }
    return guest
        .qmp()
        .execute("query-commands")
        .then(commands ->
            guest
                .qmp()
                .monitor("info ramblock")
                .then(blocks ->
                    knowsCommand(commands) && onlySharedAndFixed(blocks)
                        ? PlainDeviceSaver.of(guest)
                        : MigratingDeviceSaver.of(guest)));
  }

  private static boolean knowsCommand(JsonNode commands) {
    return commands
        .valueStream()
        .anyMatch(command -> command.path("name").asText().equals(PlainDeviceSaver.COMMAND));
  }

  private static boolean onlySharedAndFixed(String blocks) {
    return blocks
        .lines()
        .skip(1)
        .map(line -> line.strip().split("\\s+", 2)[0])
        .filter(name -> !name.isEmpty())
        .allMatch(name -> SAME_AT_BOTH_ENDS.stream().anyMatch(name::matches));
  }
}
