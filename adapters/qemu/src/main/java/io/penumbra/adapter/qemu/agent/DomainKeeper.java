package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LibvirtDomains;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Guests that libvirt has started, looked after by the agent: they are captured through libvirt,
 * and ended by their process, which libvirt notices. Which domain is a VM's is written down, so
 * that it can be ended by whoever comes later.
 */
final class DomainKeeper {

  private final LibvirtDomains libvirt;
  private final Path guests;

  DomainKeeper(LibvirtDomains libvirt, Path guests) {
    this.libvirt = libvirt;
    this.guests = guests;
  }

  private Path directory(VmId vm) {
    return guests.resolve(vm.value());
  }

  private Path note(VmId vm) {
    return directory(vm).resolve("domain");
  }

  /** Takes up the domain, which is started if it does not run. */
  Hypervisor.Guest start(VmId vm, DomainGuest guest) throws HypervisorException {
    RunningGuest found = QemuHypervisor.done("not-started", libvirt.start(guest.domain()));
    return take(vm, guest, found);
  }

  /** Takes up the domain if it runs, for an agent that comes back. */
  Optional<Hypervisor.Guest> adopt(VmId vm, DomainGuest guest) throws HypervisorException {
    Optional<RunningGuest> found = libvirt.running(guest.domain());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Signals.stat(found.get().pid()).frozen()
            // Its monitor answers when it is let go on, and not before.
            ? new QemuHosted(new Domain(vm, guest, found.get()), found.get().pid())
            : take(vm, guest, found.get()));
  }

  private Hypervisor.Guest take(VmId vm, DomainGuest guest, RunningGuest found)
      throws HypervisorException {
    if (!GuestSpec.canNameFiles(vm)) {
      throw new HypervisorException("bad-spec", "VM id '%s' can't name files".formatted(vm));
    }
    try {
      Files.createDirectories(directory(vm));
      Files.writeString(note(vm), found.uuid().orElse(found.name()));
    } catch (IOException e) {
      throw new HypervisorException("io", "%s: %s".formatted(note(vm), e.getMessage()), e);
    }
    Domain domain = new Domain(vm, guest, found);
    return new QemuHosted(domain, QemuHypervisor.done("not-adopted", domain.takeUp()));
  }

  /** Ends the domain that was taken up for a VM. */
  void endKnown(VmId vm) throws HypervisorException {
    if (Files.exists(note(vm))) {
      try {
        end(Files.readString(note(vm), StandardCharsets.UTF_8).strip());
      } catch (IOException e) {
        throw new HypervisorException("io", "%s: %s".formatted(note(vm), e.getMessage()), e);
      }
    }
  }

  /** And one that is called as the VM is, whoever has started it: nobody else could fence it. */
  void endAnyOf(VmId vm) throws HypervisorException {
    end(vm.value());
  }

  /** By its process, at once: libvirt would ask it first, and then wait. */
  private void end(String domain) throws HypervisorException {
    Optional<RunningGuest> running = libvirt.running(domain);
    if (running.isPresent()) {
      QemuHosted.kill(running.get().pid());
    }
  }

  /** Those that run, with what they lack. */
  List<Hypervisor.Stray> all() {
    return libvirt.all().stream()
        .map(domain ->
            new Hypervisor.Stray(
                domain.name(), domain.uuid(), domain.pid(), libvirt.whatLacks(domain)))
        .toList();
  }

  /** See {@link LibvirtDomains#movedOn}. */
  Optional<String> movedOn(DomainGuest guest) {
    return libvirt.movedOn(guest.domain());
  }

  /** It is not a VM's any more. */
  void forget(VmId vm) throws HypervisorException {
    try {
      Files.deleteIfExists(note(vm));
    } catch (IOException e) {
      throw new HypervisorException("io", "%s: %s".formatted(note(vm), e.getMessage()), e);
    }
  }

  /** One domain in its process. */
  private final class Domain implements Keeper {

    private final VmId vm;
    private final DomainGuest guest;
    private final RunningGuest found;

    Domain(VmId vm, DomainGuest guest, RunningGuest found) {
      this.vm = vm;
      this.guest = guest;
      this.found = found;
    }

    @Override
    public Reply<QemuGuest> takeUp() {
      return libvirt
          .attach(found, vm, directory(vm), guest::onto)
          .then(taken -> taken.openForwards().map(_ -> taken));
    }

    /** It has never been in. */
    @Override
    public void letOut(long pid) {}

    @Override
    public Reply<String> weigh(long pid, int weight) {
      return libvirt.weigh(found.name(), weight);
    }

    @Override
    public boolean lends() {
      return true;
    }
  }
}
