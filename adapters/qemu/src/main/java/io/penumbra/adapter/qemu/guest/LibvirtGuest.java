package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.EventWatch;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes hold of guests that libvirt has started and looks after, so that their state can be
 * captured. Their memory has to be shared (see {@link GuestCheck}).
 */
public final class LibvirtGuest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration HELLO = Duration.ofMillis(500);
  private static final Pattern MEMORY_FILE = Pattern.compile("\"mem-path\":\"([^\"]+)\"");

  private LibvirtGuest() {}

  /**
   * Takes hold of a domain; closed, it is let go of. It is asked through libvirt.
   *
   * @param vm what it is called here
   * @param uri of libvirt; empty for virsh's default
   * @param directory for sockets and the state of its devices; its QEMU has to be let write there
   * @param completed adds what libvirt does not know
   */
  public static Reply<QemuGuest> attach(
      RunningGuest found,
      VmId vm,
      Optional<String> uri,
      Path directory,
      UnaryOperator<GuestSpec> completed) {
    try {
      Files.createDirectories(directory);
      // QEMU runs under an account of its own, and writes what we read.
      new ProcessFiles(found.pid()).give(directory);
      GuestHome home = new GuestHome(directory, directory.resolve("memory"));
      Optional<Path> memory = memory(found);
      if (memory.isEmpty()) {
        return Reply.refused(
            "the memory of %s is not shared, so it can't be read".formatted(found.name()));
      }
      Files.deleteIfExists(home.ram());
      Files.createSymbolicLink(home.ram(), memory.get());
      LibvirtBridge bridge = LibvirtBridge.open(found.name(), found.pid(), uri, home.monitor());
      Reply<QemuGuest> attached =
          QmpClient.connect(home.monitor(), PATIENCE)
              .then(qmp ->
                  awaitEvents(qmp, directory)
                      .then(_ -> undoCaptures(qmp))
                      .then(_ -> spec(found, vm, qmp))
                      .map(spec ->
                          new QemuGuest(
                              completed.apply(spec),
                              home,
                              GuestRole.PRIMARY,
                              found.pid(),
                              qmp,
                              Optional.of(() -> letGo(bridge, home)))));
      if (!attached.isDone()) {
        bridge.close();
      }
      return attached;
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(directory, e.getMessage()));
    }
  }

  private static Optional<Path> memory(RunningGuest found) throws IOException {
    String words = String.join(" ", found.commandLine());
    Matcher file = MEMORY_FILE.matcher(words);
    if (words.contains("memory-backend-file") && file.find()) {
      return Optional.of(Path.of(file.group(1)));
    }
    try (var open = Files.list(Path.of("/proc/%d/fd".formatted(found.pid())))) {
      for (Path descriptor : open.toList()) {
        if (Files.readSymbolicLink(descriptor).toString().startsWith("/memfd:memory-backend")) {
          return Optional.of(descriptor);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Nothing says when libvirt passes events on: QEMU is asked for something small, which it tells
   * of, until that is heard. It also shows whether QEMU is let write where it has to.
   */
  private static Reply<JsonNode> awaitEvents(QmpClient qmp, Path directory) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    try (EventWatch jobs = qmp.watch("JOB_STATUS_CHANGE")) {
      for (int attempt = 1; System.nanoTime() < until; attempt++) {
        String id = "penumbra-hello-" + attempt;
        QmpCommand create = QmpCommand.of("blockdev-create").with("job-id", id);
        create
            .arguments()
            .putObject("options")
            .put("driver", "file")
            .put("filename", directory.resolve("hello").toString())
            .put("size", 0);
        Reply<JsonNode> asked = qmp.execute(create);
        if (!asked.isDone()) {
          return asked;
        }
        boolean heard =
            jobs.await(
                    event ->
                        event.data().path("id").asText().equals(id)
                            && event.data().path("status").asText().equals("concluded"),
                    HELLO)
                .isPresent();
        Optional<String> error = jobError(qmp, id);
        qmp.execute(QmpCommand.of("job-dismiss").with("id", id));
        if (error.isPresent()) {
          return Reply.refused(
              "QEMU is not let write to %s: %s; maybe AppArmor or SELinux keeps it from that"
                  .formatted(directory, error.get()));
        }
        if (heard) {
          return asked;
        }
      }
    }
    return Reply.unknown("libvirt passes no events on");
  }

  /** What an agent that died in the middle of a cut has left would have libvirt move half of it. */
  private static Reply<JsonNode> undoCaptures(QmpClient qmp) {
    QmpCommand undo = QmpCommand.of("migrate-set-capabilities");
    undo.arguments()
        .putArray("capabilities")
        .addObject()
        .put("capability", "x-ignore-shared")
        .put("state", false);
    return qmp.execute(undo);
  }

  private static Optional<String> jobError(QmpClient qmp, String id) {
    return qmp.execute("query-jobs").found().stream()
        .flatMap(JsonNode::valueStream)
        .filter(job -> job.path("id").asText().equals(id) && job.has("error"))
        .map(job -> job.path("error").asText())
        .findFirst();
  }

  /** What it is made of, by its own account and the words it was started with. */
  private static Reply<GuestSpec> spec(RunningGuest found, VmId vm, QmpClient qmp) {
    return qmp.execute("query-memory-size-summary")
        .then(memory ->
            qmp.execute("query-cpus-fast")
                .then(cpus ->
                    qmp.execute("query-kvm")
                        .then(kvm ->
                            qmp.execute("query-block")
                                .then(blocks ->
                                    devices(qmp)
                                        .then(devices ->
                                            spec(
                                                found,
                                                vm,
                                                (int) (memory.path("base-memory").asLong() >> 20),
                                                cpus.size(),
                                                kvm.path("enabled").asBoolean(),
                                                blocks,
                                                devices))))));
  }

  private static Reply<GuestSpec> spec(
      RunningGuest found,
      VmId vm,
      int memoryMib,
      int vcpus,
      boolean kvm,
      JsonNode blocks,
      SortedSet<String> devices) {
    Optional<GuestSpec.Kernel> kernel =
        found
            .word("-kernel")
            .map(image ->
                new GuestSpec.Kernel(
                    Path.of(image),
                    found.word("-initrd").map(Path::of),
                    found.word("-append").orElse("")));
    for (JsonNode block : blocks) {
      String driver = block.path("inserted").path("drv").asText("raw");
      if (!driver.equals("raw") && !driver.equals("qcow2")) {
        return Reply.refused(
            "the disk %s of %s is %s, of which nobody can tell what is written; expected raw or qcow2"
                .formatted(block.path("qdev").asText(), found.name(), driver));
      }
    }
    try {
      return Reply.done(
          new GuestSpec(
              vm,
              memoryMib,
              vcpus,
              found.word("-machine").orElse("").split(",", 2)[0],
              found.word("-cpu").orElse("qemu64").split(",", 2)[0],
              kvm ? Accelerator.KVM : Accelerator.TCG,
              kernel,
              disks(blocks),
              List.of(),
              false,
              Optional.of(CarriedWords.read(found.commandLine(), media(blocks), devices))));
    } catch (IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(found.name(), e.getMessage()));
    }
  }

  /** The names of its devices, also of those that were plugged in while it ran. */
  private static Reply<SortedSet<String>> devices(QmpClient qmp) {
    return qmp.execute(QmpCommand.of("qom-list").with("path", "/machine/peripheral"))
        .map(properties -> {
          SortedSet<String> devices = new TreeSet<>();
          for (JsonNode property : properties) {
            if (property.path("type").asText().startsWith("child<")) {
              devices.add(property.path("name").asText());
            }
          }
          return devices;
        });
  }

  /** All of them, also those that are only read, by the names of their nodes. */
  private static List<Disk> disks(JsonNode blocks) {
    List<Disk> disks = new ArrayList<>();
    for (JsonNode block : blocks) {
      JsonNode inserted = block.path("inserted");
      if (inserted.has("node-name")) {
        disks.add(
            new Disk(
                inserted.path("node-name").asText(),
                Path.of(inserted.path("image").path("filename").asText()),
                inserted.path("drv").asText().equals("raw") ? Disk.Format.RAW : Disk.Format.QCOW2));
      }
    }
    return disks;
  }

  /** What is in each device that has a drive; a device is told by its name, or a path with it. */
  private static SortedMap<String, CarriedLine.Drive> media(JsonNode blocks) {
    SortedMap<String, CarriedLine.Drive> media = new TreeMap<>();
    for (JsonNode block : blocks) {
      JsonNode inserted = block.path("inserted");
      String device =
          block.path("qdev").asText().replaceFirst("^/machine/peripheral/", "").split("/", 2)[0];
      if (inserted.has("node-name")) {
        media.put(
            device,
            new CarriedLine.Drive(
                inserted.path("node-name").asText(),
                inserted.path("ro").asBoolean(),
                inserted.path("image").path("virtual-size").asLong()));
      }
    }
    return media;
  }

  private static void letGo(LibvirtBridge bridge, GuestHome home) throws IOException {
    bridge.close();
    Files.deleteIfExists(home.ram());
    Files.deleteIfExists(home.directory().resolve("hello"));
  }
}
