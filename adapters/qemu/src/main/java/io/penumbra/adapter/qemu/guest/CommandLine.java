package io.penumbra.adapter.qemu.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The words QEMU is started with. Primary and shadow get the same devices in the same order with
 * the same names and addresses: what one saves, the other has to be able to load.
 */
final class CommandLine {

  /** Names that the rest of this module uses to speak of the devices. */
  static final String RAM = "ram";

  static final String NETWORK = "net0";

  private final List<String> words = new ArrayList<>();

  private CommandLine() {}

  static List<String> of(GuestSpec spec, GuestHome home, GuestRole role, LaunchSettings settings) {
    CommandLine line = new CommandLine();
    line.words.addAll(settings.wrapper());
    // A session of its own: a signal to the agent's terminal is none to the guest.
    line.add("setsid", settings.binary());
    if (spec.wholeLine().isPresent()) {
      line.carried(spec, spec.wholeLine().get(), home, role, settings);
    } else {
      line.own(spec, home, role, settings);
    }
    if (role == GuestRole.SHADOW) {
      // -S besides: once it has the state it shall still wait until its links are up.
      line.add("-S", "-incoming", "defer");
    }
    return List.copyOf(line.words);
  }

  private void own(GuestSpec spec, GuestHome home, GuestRole role, LaunchSettings settings) {
    hardware(spec, home);
    files(home);
    spec.kernel().ifPresent(this::boot);
    spec.disks().forEach(this::disk);
    if (spec.agent()) {
      agent(home);
    }
    network(spec, role, settings);
  }

  /** The devices that another has given it, and behind them what is ours. */
  private void carried(
      GuestSpec spec, CarriedLine line, GuestHome home, GuestRole role, LaunchSettings settings) {
    add("-name", "guest=%s,debug-threads=on".formatted(spec.vm()));
    add("-no-user-config", "-nodefaults", "-display", "none");
    add("-object");
    add(
        "memory-backend-file,id=%s,size=%dM,mem-path=%s,share=on,x-use-canonical-path-for-ramblock-id=%s"
            .formatted(
                line.memory(),
                spec.memoryMib(),
                escaped(home.ram().toString()),
                line.memoryByPath() ? "on" : "off"));
    monitor(home);
    spec.kernel().ifPresent(this::boot);
    for (CarriedLine.Drive drive : line.drives()) {
      spec.disks().stream()
          .filter(disk -> disk.name().equals(drive.disk()))
          .forEach(disk -> medium(disk, drive));
    }
    for (String channel : line.channels()) {
      boolean console = line.console().equals(Optional.of(channel));
      String path = console ? ",path=" + escaped(home.console().toString()) : "";
      add("-chardev", "%s,id=%s%s".formatted(console ? "file" : "null", channel, path));
    }
    line.audio().forEach(audio -> add("-audiodev", "none,id=" + audio));
    for (CarriedLine.Card card : line.cards()) {
      StringBuilder netdev = new StringBuilder(card.backend());
      if (card.isUser() && settings.isolated()) {
        netdev.append(",restrict=on");
      }
      if (role == GuestRole.PRIMARY && line.forwarding().equals(Optional.of(card.name()))) {
        spec.forwards().forEach(forward -> netdev.append(",hostfwd=").append(forward.rule()));
      }
      add("-netdev", netdev.toString());
    }
    words.addAll(line.words());
  }

  private void medium(Disk disk, CarriedLine.Drive drive) {
    String name = disk.name();
    add("-blockdev");
    add(
        "driver=file,node-name=%s-file,filename=%s,discard=unmap,read-only=%s"
            .formatted(name, escaped(disk.file().toString()), drive.readOnly() ? "on" : "off"));
    add("-blockdev");
    // Its file may be a part of a page longer.
    String size = disk.format() == Disk.Format.RAW ? ",size=" + drive.bytes() : "";
    add(
        "driver=%s,node-name=%s,file=%s-file,discard=unmap,read-only=%s%s"
            .formatted(disk.format().driver(), name, name, drive.readOnly() ? "on" : "off", size));
  }

  private void add(String... more) {
    words.addAll(List.of(more));
  }

  private void hardware(GuestSpec spec, GuestHome home) {
    // Whoever looks at its threads is told which are virtual CPUs.
    add("-name", "guest=%s,debug-threads=on".formatted(spec.vm()));
    add("-no-user-config", "-nodefaults", "-no-reboot", "-display", "none");
    add("-accel", spec.accelerator().argument());
    add("-machine", "%s,memory-backend=%s".formatted(spec.machine(), RAM));
    add("-cpu", spec.cpu());
    add("-smp", String.valueOf(spec.vcpus()));
    add("-m", String.valueOf(spec.memoryMib()));
    add("-object");
    add(
        "memory-backend-file,id=%s,size=%dM,mem-path=%s,share=on"
            .formatted(RAM, spec.memoryMib(), escaped(home.ram().toString())));
  }

  private void monitor(GuestHome home) {
    add("-pidfile", home.pidFile().toString());
    add("-qmp", "unix:%s,server=on,wait=off".formatted(escaped(home.monitor().toString())));
  }

  private void files(GuestHome home) {
    monitor(home);
    add("-serial", "file:" + home.console());
  }

  private void boot(GuestSpec.Kernel kernel) {
    add("-kernel", kernel.image().toString());
    kernel.initrd().ifPresent(initrd -> add("-initrd", initrd.toString()));
    add("-append", kernel.commandLine());
  }

  private void disk(Disk disk) {
    String name = disk.name();
    add("-blockdev");
    add(
        "driver=file,node-name=%s-file,filename=%s,discard=unmap"
            .formatted(name, escaped(disk.file().toString())));
    add("-blockdev");
    add(
        "driver=%s,node-name=%s,file=%s-file,discard=unmap"
            .formatted(disk.format().driver(), name, name));
    add("-device", "virtio-blk-pci,drive=%s,id=%s-device".formatted(name, name));
  }

  private void agent(GuestHome home) {
    add("-device", "virtio-serial-pci,id=serial0");
    add("-chardev");
    add("socket,id=agent,path=%s,server=on,wait=off".formatted(escaped(home.agent().toString())));
    add("-device", "virtserialport,bus=serial0.0,chardev=agent,name=org.qemu.guest_agent.0");
  }

  private void network(GuestSpec spec, GuestRole role, LaunchSettings settings) {
    StringBuilder netdev = new StringBuilder("user,id=" + NETWORK);
    if (role == GuestRole.PRIMARY) {
      spec.forwards().forEach(forward -> netdev.append(",hostfwd=").append(forward.rule()));
    }
    if (settings.isolated()) {
      netdev.append(",restrict=on");
    }
    add("-netdev", netdev.toString());
    settings
        .packetCapture()
        .ifPresent(file -> {
          add("-object");
          add(
              "filter-dump,id=dump0,netdev=%s,file=%s"
                  .formatted(NETWORK, escaped(file.toString())));
        });
    add("-device");
    // No boot ROM: it would be memory outside the shared file.
    add(
        "virtio-net-pci,netdev=%s,id=nic0,romfile=,mac=%s"
            .formatted(NETWORK, address(spec.vm().value())));
  }

  /** A locally administered MAC address of its own for each VM, the same on all hosts. */
  private static String address(String vm) {
    int hash = vm.hashCode();
    return String.format(
        Locale.ROOT,
        "52:54:%02x:%02x:%02x:%02x",
        hash >>> 24,
        hash >>> 16 & 0xff,
        hash >>> 8 & 0xff,
        hash & 0xff);
  }

  /** In QEMU's option lists a comma is written twice. */
  private static String escaped(String value) {
    return value.replace(",", ",,");
  }
}
