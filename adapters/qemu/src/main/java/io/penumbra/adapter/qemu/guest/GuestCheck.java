package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Looks at a guest that runs, whoever has started it, and says what it lacks to be protected. It
 * only asks; the guest is not touched.
 */
public final class GuestCheck {

  private static final String SHARED_MEMORY =
      "OpenStack: file_backed_memory in nova.conf, section libvirt; libvirt:"
          + " <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>;"
          + " QEMU: -object memory-backend-file,share=on -machine memory-backend=...";

  private GuestCheck() {}

  /**
   * Checks a guest.
   *
   * @param ask carries out a QMP command; empty if it can't be
   */
  public static List<Finding> check(
      RunningGuest guest, Function<QmpCommand, Optional<JsonNode>> ask) {
    List<Finding> findings = new ArrayList<>();
    Optional<JsonNode> version = ask.apply(QmpCommand.of("query-version"));
    if (version.isEmpty()) {
      findings.add(
          new Finding.Lacking(
              "monitor",
              "nobody answers at a QMP socket",
              "QEMU: -qmp unix:/run/NAME.qmp,server=on,wait=off; libvirt has one of its own"));
      return List.copyOf(findings);
    }
    findings.add(
        new Finding.Fine(
            "monitor", guest.monitor().map(Object::toString).orElse("through libvirt")));
    findings.add(memory(guest, ask.apply(QmpCommand.of("query-memdev"))));
    findings.add(tracking(guest));
    findings.add(disks(ask.apply(QmpCommand.of("query-named-block-nodes").with("flat", true))));
    return List.copyOf(findings);
  }

  /** Checks a guest through its own monitor. */
  public static List<Finding> check(RunningGuest guest, QmpClient qmp) {
    return check(guest, command -> qmp.execute(command).found());
  }

  private static Finding memory(RunningGuest guest, Optional<JsonNode> backends) {
    for (JsonNode backend : backends.stream().flatMap(JsonNode::valueStream).toList()) {
      if (backend.path("share").asBoolean()) {
        Optional<String> file =
            guest.commandLine().stream()
                .filter(word -> word.matches("(?s).*memory-backend-(file|memfd).*"))
                .findFirst();
        return file.isPresent()
            ? new Finding.Fine("memory", "shared, in a file")
            : new Finding.Lacking("memory", "is shared, but not in a file", SHARED_MEMORY);
      }
    }
    return new Finding.Lacking(
        "memory", "is QEMU's own, so nobody else can read it", SHARED_MEMORY);
  }

  private static Finding tracking(RunningGuest guest) {
    String maps = new ProcessFiles(guest.pid()).mappedFiles();
    return maps.contains("write-tracking-")
        ? new Finding.Fine("tracking", "the kernel tells which pages it writes")
        : new Finding.Costly(
            "tracking",
            "the kernel is not told to track its memory, so pages are compared",
            "Start the guest by the agent, or with its tracking library preloaded.");
  }

  private static Finding disks(Optional<JsonNode> nodes) {
    List<String> unable = new ArrayList<>();
    int able = 0;
    for (JsonNode node : nodes.stream().flatMap(JsonNode::valueStream).toList()) {
      String driver = node.path("drv").asText();
      if (driver.equals("raw") || driver.equals("qcow2")) {
        able++;
      } else if (!driver.equals("file") && !driver.equals("host_device")) {
        unable.add("%s (%s)".formatted(node.path("node-name").asText(), driver));
      }
    }
    return unable.isEmpty()
        ? new Finding.Fine("disks", "%d with dirty bitmaps".formatted(able))
        : new Finding.Lacking(
            "disks",
            "no dirty bitmaps for " + String.join(", ", unable),
            "Attach them as raw or qcow2.");
  }
}
