package io.penumbra.adapter.qemu.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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
    line.hardware(spec, home);
    line.files(home);
    spec.kernel().ifPresent(line::boot);
    spec.disks().forEach(line::disk);
    if (spec.agent()) {
      line.agent(home);
    }
    line.network(spec, role, settings);
    if (role == GuestRole.SHADOW) {
      // -S besides: once it has the state it shall still wait until its links are up.
      line.add("-S", "-incoming", "defer");
    }
    return List.copyOf(line.words);
  }

  private void add(String... more) {
    words.addAll(List.of(more));
  }

  private void hardware(GuestSpec spec, GuestHome home) {
    add("-name", "guest=" + spec.vm());
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

  private void files(GuestHome home) {
    add("-pidfile", home.pidFile().toString());
    add("-qmp", "unix:%s,server=on,wait=off".formatted(escaped(home.monitor().toString())));
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
