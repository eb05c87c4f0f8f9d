package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a guest is by its QEMU's own account, as far as another has to be the same to go on with its
 * state.
 *
 * @param qemu version, as 7.2.22
 * @param machine versioned machine type, as pc-q35-7.2
 * @param cpu model name
 * @param cpuFeatures what the model comes down to on this host; empty if QEMU can't say
 * @param diskBytes size of each disk as the guest sees it, by name
 * @param uncarried what of it no QEMU of another can have, whatever else is the same
 */
public record GuestIdentity(
    String qemu,
    String machine,
    String cpu,
    SortedSet<String> cpuFeatures,
    Accelerator accelerator,
    int vcpus,
    int memoryMib,
    SortedMap<String, Long> diskBytes,
    @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> uncarried) {

  public GuestIdentity {
    cpuFeatures = new TreeSet<>(cpuFeatures);
    diskBytes = new TreeMap<>(diskBytes);
  }

  static Reply<GuestIdentity> of(QemuGuest guest) {
    QmpClient qmp = guest.qmp();
    return qmp.execute("query-version")
        .then(version ->
            machineOf(qmp)
                .then(machine ->
                    qmp.execute("query-named-block-nodes")
                        .map(nodes ->
                            new GuestIdentity(
                                version(version.path("qemu")),
                                machine,
                                guest.spec().cpu(),
                                features(guest),
                                guest.spec().accelerator(),
                                guest.spec().vcpus(),
                                guest.spec().memoryMib(),
                                disks(guest.spec(), nodes),
                                uncarried(guest)))));
  }

  /** What was started here with devices of ours can be started so anywhere. */
  private static Optional<String> uncarried(QemuGuest guest) {
    return guest.isBorrowed()
        ? guest.spec().carried().flatMap(CarriedLine::lacks)
        : Optional.empty();
  }

  private static String version(JsonNode qemu) {
    return "%d.%d.%d"
        .formatted(
            qemu.path("major").asInt(), qemu.path("minor").asInt(), qemu.path("micro").asInt());
  }

  private static Reply<String> machineOf(QmpClient qmp) {
    return qmp.execute(QmpCommand.of("qom-get").with("path", "/machine").with("property", "type"))
        .map(type -> type.asText().replaceFirst("-machine$", ""));
  }

  /** Another may have switched some on or off, so that the model's name says less than it has. */
  private static SortedSet<String> features(QemuGuest guest) {
    return guest.spec().wholeLine().isPresent()
        ? bits(guest.qmp())
        : features(guest.qmp(), guest.spec().cpu());
  }

  /** Every bit that its first virtual CPU shows (CPUID). */
  private static SortedSet<String> bits(QmpClient qmp) {
    SortedSet<String> bits = new TreeSet<>();
    qmp.execute("query-cpus-fast")
        .then(cpus ->
            qmp.execute(
                QmpCommand.of("qom-get")
                    .with("path", cpus.path(0).path("qom-path").asText())
                    .with("property", "feature-words")))
        .found()
        .ifPresent(words -> words.forEach(word -> bits(word, bits)));
    return bits;
  }

  private static void bits(JsonNode word, SortedSet<String> into) {
    String register =
        "cpuid.%x.%x.%s"
            .formatted(
                word.path("cpuid-input-eax").asLong(),
                word.path("cpuid-input-ecx").asLong(),
                word.path("cpuid-register").asText());
    long features = word.path("features").asLong();
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      if ((features >>> bit & 1) != 0) {
        into.add("%s.%d".formatted(register, bit));
      }
    }
  }

  private static SortedSet<String> features(QmpClient qmp, String cpu) {
    QmpCommand expand = QmpCommand.of("query-cpu-model-expansion").with("type", "full");
    expand.arguments().putObject("model").put("name", cpu.split(",", 2)[0]);
    SortedSet<String> features = new TreeSet<>();
    qmp.execute(expand)
        .found()
        .ifPresent(reply ->
            reply
                .path("model")
                .path("props")
                .properties()
                .forEach(property -> {
                  if (property.getValue().isBoolean() && property.getValue().asBoolean()) {
                    features.add(property.getKey());
                  }
                }));
    return features;
  }

  private static SortedMap<String, Long> disks(GuestSpec spec, JsonNode nodes) {
    SortedMap<String, Long> bytes = new TreeMap<>();
    for (JsonNode node : nodes) {
      String name = node.path("node-name").asText();
      if (spec.disks().stream().anyMatch(disk -> disk.name().equals(name))) {
        bytes.put(name, node.path("image").path("virtual-size").asLong());
      }
    }
    return bytes;
  }

  /** Why a QEMU of the other identity can't go on with the state of this one; empty if it can. */
  public Optional<String> whyNot(GuestIdentity other) {
    List<String> reasons = new ArrayList<>();
    uncarried.ifPresent(what -> reasons.add("no other QEMU can have its %s".formatted(what)));
    differs("machine type", machine, other.machine, reasons);
    differs("CPU model", cpu, other.cpu, reasons);
    differs("accelerator", accelerator, other.accelerator, reasons);
    differs("virtual CPUs", vcpus, other.vcpus, reasons);
    differs("MiB of memory", memoryMib, other.memoryMib, reasons);
    differs("disks", diskBytes, other.diskBytes, reasons);
    SortedSet<String> missing = new TreeSet<>(cpuFeatures);
    missing.removeAll(other.cpuFeatures);
    if (!missing.isEmpty() && !other.cpuFeatures.isEmpty()) {
      reasons.add("CPU features %s of the primary are missing".formatted(missing));
    }
    if (isOlder(other.qemu, qemu)) {
      reasons.add(
          "QEMU %s of the primary is newer than %s; states go to the same or a newer one"
              .formatted(qemu, other.qemu));
    }
    return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons));
  }

  private static void differs(String what, Object ours, Object theirs, List<String> reasons) {
    if (!ours.equals(theirs)) {
      reasons.add("%s: primary has %s, shadow would have %s".formatted(what, ours, theirs));
    }
  }

  private static boolean isOlder(String version, String than) {
    String[] ours = version.split("\\.", 3);
    String[] theirs = than.split("\\.", 3);
    int major = Integer.compare(Integer.parseInt(ours[0]), Integer.parseInt(theirs[0]));
    return major < 0 || (major == 0 && Integer.parseInt(ours[1]) < Integer.parseInt(theirs[1]));
  }
}
