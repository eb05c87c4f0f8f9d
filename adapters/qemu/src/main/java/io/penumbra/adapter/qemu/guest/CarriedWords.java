package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.qemu.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads the words that somebody else has started a QEMU with, and finds out what another would have
 * to be started with to go on with its state. Every option is known here or refused: one that is
 * left out by mistake would be a guest that is subtly another.
 */
final class CarriedWords {

  /** They shape what the guest sees, and need nothing of the host. */
  private static final List<String> CARRIED =
      List.of(
          "-machine",
          "-accel",
          "-cpu",
          "-m",
          "-smp",
          "-numa",
          "-uuid",
          "-smbios",
          "-rtc",
          "-boot",
          "-global",
          "-device",
          "-object",
          "-watchdog-action",
          "-action",
          "-icount");

  private static final List<String> CARRIED_FLAGS =
      List.of("-no-hpet", "-no-acpi", "-no-fd-bootchk", "-enable-kvm", "-no-reboot");

  /** What is the starter's own, or made anew for the other: see {@link CommandLine}. */
  private static final List<String> REPLACED =
      List.of(
          "-name",
          "-chardev",
          "-mon",
          "-netdev",
          "-blockdev",
          "-audiodev",
          "-display",
          "-vnc",
          "-spice",
          "-sandbox",
          "-msg",
          "-pidfile",
          "-qmp",
          "-incoming",
          "-add-fd",
          "-overcommit",
          "-kernel",
          "-initrd",
          "-append",
          "-runas",
          "-k");

  private static final List<String> REPLACED_FLAGS =
      List.of(
          "-S",
          "-no-user-config",
          "-nodefaults",
          "-no-shutdown",
          "-nographic",
          "-daemonize",
          "-mem-prealloc");

  private static final List<String> OBJECTS = List.of("iothread", "rng-random", "rng-builtin");
  private static final List<String> OWN_OBJECTS = List.of("secret", "tls-creds-x509", "authz-list");

  /** They have state, or a way to it, outside of QEMU. */
  private static final String STUCK =
      "(vfio|vhost|ivshmem|tpm|usb-host|usb-redir|ccid|u2f|scsi-block|scsi-generic|nvdimm|pc-dimm"
          + "|virtio-mem|virtio-pmem|virtio-9p|virtio-crypto|virtio-input-host|sev|xen).*";

  private static final JsonMapper JSON = new JsonMapper();

  private final List<String> words = new ArrayList<>();
  private final List<CarriedLine.Drive> drives = new ArrayList<>();
  private final List<String> channels = new ArrayList<>();
  private final List<String> audio = new ArrayList<>();
  private final List<CarriedLine.Card> cards = new ArrayList<>();
  private final List<SortedMap<String, String>> memories = new ArrayList<>();
  private final SortedSet<String> devices = new TreeSet<>();
  private final SortedMap<String, CarriedLine.Drive> media;
  private Optional<String> console = Optional.empty();
  private Optional<String> refusal = Optional.empty();

  private CarriedWords(SortedMap<String, CarriedLine.Drive> media) {
    this.media = media;
  }

  /**
   * Reads a command line.
   *
   * @param media what is in each device that has a drive, by the device's name
   * @param present the names of the devices that it has by now
   */
  static CarriedLine read(
      List<String> commandLine,
      SortedMap<String, CarriedLine.Drive> media,
      SortedSet<String> present) {
    CarriedWords reader = new CarriedWords(media);
    for (int at = 1; at < commandLine.size(); at++) {
      String option = commandLine.get(at);
      boolean flag = CARRIED_FLAGS.contains(option) || REPLACED_FLAGS.contains(option);
      if (option.isEmpty() || REPLACED_FLAGS.contains(option)) {
        continue;
      }
      if (CARRIED_FLAGS.contains(option)) {
        reader.words.add(option);
      } else if (!flag && at + 1 < commandLine.size()) {
        reader.option(option, commandLine.get(++at));
      } else {
        reader.refuse("option " + option);
      }
    }
    return reader.line(present);
  }

  /** Why these words may not be given to a QEMU here; empty if they may. */
  static Optional<String> whyNot(List<String> words) {
    for (int at = 0; at < words.size(); at++) {
      String option = words.get(at);
      if (CARRIED_FLAGS.contains(option)) {
        continue;
      }
      if (!CARRIED.contains(option) || at + 1 == words.size()) {
        return Optional.of("option %s can't be carried".formatted(option));
      }
      Optional<String> why = whyNot(option, properties(words.get(++at)));
      if (why.isPresent()) {
        return why;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> whyNot(String option, SortedMap<String, String> value) {
    return switch (option) {
      case "-device" -> whyNotDevice(value);
      case "-object" ->
          OBJECTS.contains(kind(value, "qom-type"))
              ? Optional.empty()
              : Optional.of("object %s (%s)".formatted(name(value), kind(value, "qom-type")));
      case "-machine" -> {
        boolean flash = value.containsKey("pflash0") || value.containsKey("pflash1");
        boolean secret =
            value.containsKey("memory-encryption")
                || value.containsKey("confidential-guest-support");
        yield flash
            ? Optional.of("firmware in flash (pflash0)")
            : secret ? Optional.of("encrypted memory") : Optional.empty();
      }
      case "-smbios" ->
          value.containsKey("file") ? Optional.of("SMBIOS tables of a file") : Optional.empty();
      default -> Optional.empty();
    };
  }

  private static Optional<String> whyNotDevice(SortedMap<String, String> device) {
    String driver = kind(device, "driver");
    return driver.matches(STUCK)
            || device.containsKey("vhostfd")
            || device.containsKey("fsdev")
            || device.containsKey("memdev")
        ? Optional.of("device %s (%s)".formatted(name(device), driver))
        : Optional.empty();
  }

  /** What was met first is told; the rest is read on for its network cards. */
  private void refuse(String what) {
    refusal = refusal.or(() -> Optional.of(what));
  }

  private void option(String option, String value) {
    SortedMap<String, String> properties = properties(value);
    switch (option) {
      case "-object" -> object(value, properties);
      case "-device" -> device(value, properties);
      case "-netdev" -> network(properties);
      case "-chardev" -> channel(properties);
      case "-audiodev" -> audio.add(name(properties));
      default -> {
        if (CARRIED.contains(option)) {
          carry(option, value, properties);
        } else if (!REPLACED.contains(option)) {
          refuse("option " + option);
        }
      }
    }
  }

  private void carry(String option, String value, SortedMap<String, String> properties) {
    Optional<String> why = whyNot(option, properties);
    if (why.isPresent()) {
      refuse(why.get());
    } else {
      words.add(option);
      words.add(value);
    }
  }

  private void object(String value, SortedMap<String, String> object) {
    String kind = kind(object, "qom-type");
    if (kind.startsWith("memory-backend-")) {
      memories.add(object);
    } else if (!OWN_OBJECTS.contains(kind)) {
      carry("-object", value, object);
    }
  }

  private void device(String value, SortedMap<String, String> device) {
    String name = name(device);
    devices.add(name);
    String node = device.getOrDefault("drive", "");
    if (node.isEmpty()) {
      serial(device);
      carry("-device", value, device);
      return;
    }
    CarriedLine.Drive medium = media.get(name);
    if (medium == null) {
      refuse("device %s, whose medium was taken out".formatted(name));
      return;
    }
    drives.add(medium);
    carry("-device", withDrive(value, node, medium.disk()), device);
  }

  /** A snapshot or a mirror has put another image there than it was started with. */
  private static String withDrive(String value, String node, String disk) {
    return value.startsWith("{")
        ? value.replace("\"drive\":\"%s\"".formatted(node), "\"drive\":\"%s\"".formatted(disk))
        : value.replaceFirst("(^|,)drive=[^,]*", "$1drive=" + disk);
  }

  private void serial(SortedMap<String, String> device) {
    boolean serial = kind(device, "driver").matches("(isa|pci)-serial");
    if (serial && console.isEmpty()) {
      console = Optional.ofNullable(device.get("chardev"));
    }
  }

  private void network(SortedMap<String, String> network) {
    String kind = kind(network, "type");
    int queues =
        network.containsKey("fds")
            ? network.getOrDefault("fds", "").split(":", -1).length
            : Integer.parseInt(network.getOrDefault("queues", "1"));
    switch (kind) {
      case "user", "socket", "stream", "dgram" ->
          cards.add(new CarriedLine.Card(name(network), "user", 1, Optional.empty()));
      case "tap", "bridge" ->
          cards.add(new CarriedLine.Card(name(network), "tap", queues, Optional.empty()));
      default -> refuse("card %s (%s)".formatted(name(network), kind));
    }
  }

  private void channel(SortedMap<String, String> channel) {
    // Libvirt's own line to its monitor is no device's.
    if (!name(channel).equals("charmonitor")) {
      channels.add(name(channel));
    }
  }

  private CarriedLine line(SortedSet<String> present) {
    SortedSet<String> others = new TreeSet<>(present);
    others.removeAll(devices);
    devices.removeAll(present);
    devices.remove("");
    if (refusal.isEmpty() && memories.size() != 1) {
      refuse("memory in %d parts".formatted(memories.size()));
    }
    if (refusal.isEmpty() && !(others.isEmpty() && devices.isEmpty())) {
      refuse(
          others.isEmpty()
              ? "device %s, which was pulled out since".formatted(devices.first())
              : "device %s, which was plugged in since".formatted(others.first()));
    }
    if (refusal.isPresent()) {
      return CarriedLine.without(refusal.get(), cards);
    }
    SortedMap<String, String> memory = memories.getFirst();
    String byPath = memory.getOrDefault("x-use-canonical-path-for-ramblock-id", "true");
    return new CarriedLine(
        Optional.empty(),
        name(memory),
        !byPath.matches("false|off|no"),
        words,
        drives,
        channels,
        console,
        audio,
        cards,
        Optional.empty());
  }

  private static String name(SortedMap<String, String> properties) {
    return properties.getOrDefault("id", "");
  }

  private static String kind(SortedMap<String, String> properties, String key) {
    return properties.getOrDefault(key, properties.getOrDefault("", ""));
  }

  /** Of a value in JSON, or in QEMU's own lists, whose first word may have no key. */
  private static SortedMap<String, String> properties(String value) {
    SortedMap<String, String> properties = new TreeMap<>();
    Reply<ObjectNode> json = json(value);
    if (json instanceof Reply.Done<ObjectNode>(ObjectNode object)) {
      object
          .properties()
          .forEach(field -> properties.put(field.getKey(), field.getValue().asText()));
      return properties;
    }
    // A comma that is meant is written twice.
    for (String part : value.replace(",,", "\0").split(",", -1)) {
      int equals = part.indexOf('=');
      String key = equals < 0 ? (properties.isEmpty() ? "" : part) : part.substring(0, equals);
      properties.putIfAbsent(key, part.substring(equals + 1).replace('\0', ','));
    }
    return properties;
  }

  private static Reply<ObjectNode> json(String value) {
    try {
      return value.startsWith("{") && JSON.readTree(value) instanceof ObjectNode object
          ? Reply.done(object)
          : Reply.refused("no object");
    } catch (JsonProcessingException e) {
      return Reply.refused(e.getOriginalMessage());
    }
  }
}
