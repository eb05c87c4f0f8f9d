package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.penumbra.domain.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a guest is made of. Two guests of the same spec, on QEMUs of the same version, have the same
 * devices, so that one can go on with the state of the other; files and ports may differ.
 *
 * @param machine QEMU's machine type; give a versioned one ({@code pc-q35-7.2}) where versions of
 *     QEMU differ between hosts
 * @param cpu QEMU's CPU model
 * @param kernel what to boot; empty boots from the first disk
 * @param forwards ports of the host, opened when the guest serves and not before
 * @param agent whether QEMU's guest agent runs in it: its file systems are frozen for every cut
 * @param carried what another than us has started it with, which says what its devices are
 */
public record GuestSpec(
    VmId vm,
    int memoryMib,
    int vcpus,
    String machine,
    String cpu,
    Accelerator accelerator,
    Optional<Kernel> kernel,
    List<Disk> disks,
    List<PortForward> forwards,
    boolean agent,
    @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<CarriedLine> carried) {

  /** More disks than an epoch has room for regions. */
  public static final int DISKS_MAX = 16;

  public GuestSpec {
    if (!canNameFiles(vm)) {
      throw new IllegalArgumentException(
          "VM id '%s'; expected letters, digits, '.', '_' and '-', so that it can name files"
              .formatted(vm));
    }
    if (memoryMib < 16 || memoryMib > 1 << 22) {
      throw new IllegalArgumentException(
          "memoryMib is %d; expected 16 to 4194304".formatted(memoryMib));
    }
    if (vcpus < 1 || vcpus > 255) {
      throw new IllegalArgumentException("vcpus is %d; expected 1 to 255".formatted(vcpus));
    }
    if (!machine.matches("[A-Za-z0-9._-]+") || !cpu.matches("[A-Za-z0-9._+=,-]+")) {
      throw new IllegalArgumentException(
          "machine '%s', cpu '%s'; expected names that QEMU knows".formatted(machine, cpu));
    }
    disks = List.copyOf(disks);
    forwards = List.copyOf(forwards);
    if (disks.size() > DISKS_MAX) {
      throw new IllegalArgumentException(
          "%d disks; expected %d at most".formatted(disks.size(), DISKS_MAX));
    }
    if (disks.stream().map(Disk::name).distinct().count() < disks.size()) {
      throw new IllegalArgumentException("two disks of one name in " + disks);
    }
    if (kernel.isEmpty() && disks.isEmpty()) {
      throw new IllegalArgumentException("neither kernel nor disk; expected something to boot");
    }
  }

  /** Whether a VM's files can be called as it is: an id may be anything that has no spaces. */
  public static boolean canNameFiles(VmId vm) {
    return vm.value().matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  }

  /** One with devices of ours. */
  public GuestSpec(
      VmId vm,
      int memoryMib,
      int vcpus,
      String machine,
      String cpu,
      Accelerator accelerator,
      Optional<Kernel> kernel,
      List<Disk> disks,
      List<PortForward> forwards,
      boolean agent) {
    this(
        vm,
        memoryMib,
        vcpus,
        machine,
        cpu,
        accelerator,
        kernel,
        disks,
        forwards,
        agent,
        Optional.empty());
  }

  /**
   * A kernel that QEMU loads itself.
   *
   * @param commandLine what the kernel is told
   */
  public record Kernel(Path image, Optional<Path> initrd, String commandLine) {

    public Kernel {
      image = image.toAbsolutePath();
      initrd = initrd.map(Path::toAbsolutePath);
    }
  }

  /** A guest of one virtual CPU that boots a kernel, emulated, without disks and ports. */
  public static GuestSpec of(VmId vm, int memoryMib, Kernel kernel) {
    return new GuestSpec(
        vm,
        memoryMib,
        1,
        "q35",
        "qemu64",
        Accelerator.TCG,
        Optional.of(kernel),
        List.of(),
        List.of(),
        false);
  }

  /** The same with so many virtual CPUs. */
  public GuestSpec withVcpus(int count) {
    return new GuestSpec(
        vm, memoryMib, count, machine, cpu, accelerator, kernel, disks, forwards, agent, carried);
  }

  /** The same with another machine type and CPU model. */
  public GuestSpec withHardware(String machineType, String cpuModel) {
    return new GuestSpec(
        vm,
        memoryMib,
        vcpus,
        machineType,
        cpuModel,
        accelerator,
        kernel,
        disks,
        forwards,
        agent,
        carried);
  }

  /** The same with these disks. */
  public GuestSpec withDisks(List<Disk> others) {
    return new GuestSpec(
        vm, memoryMib, vcpus, machine, cpu, accelerator, kernel, others, forwards, agent, carried);
  }

  /** The same with these ports. */
  public GuestSpec withForwards(List<PortForward> others) {
    return new GuestSpec(
        vm, memoryMib, vcpus, machine, cpu, accelerator, kernel, disks, others, agent, carried);
  }

  /** The same with QEMU's guest agent in it. */
  public GuestSpec withAgent() {
    return new GuestSpec(
        vm, memoryMib, vcpus, machine, cpu, accelerator, kernel, disks, forwards, true, carried);
  }

  /** The same, started with what another has started it with. */
  public GuestSpec withCarried(Optional<CarriedLine> line) {
    return new GuestSpec(
        vm, memoryMib, vcpus, machine, cpu, accelerator, kernel, disks, forwards, agent, line);
  }

  /** What it is started with, if that is another's and all of it can be. */
  Optional<CarriedLine> wholeLine() {
    return carried.filter(CarriedLine::isWhole);
  }

  /** The names that QEMU has for what its network cards are connected to. */
  List<String> networks() {
    return wholeLine()
        .map(line -> line.cards().stream().map(CarriedLine.Card::name).toList())
        .orElse(List.of(CommandLine.NETWORK));
  }

  /** The one that leads ports of the host to it; empty if none does. */
  Optional<String> forwarding() {
    return wholeLine().isPresent()
        ? wholeLine().flatMap(CarriedLine::forwarding)
        : Optional.of(CommandLine.NETWORK);
  }

  /** Bytes of its memory. */
  public long memoryBytes() {
    return (long) memoryMib << 20;
  }
}
