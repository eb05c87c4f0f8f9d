package io.penumbra.adapter.qemu.guest;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.domain.VmId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;

/**
 * The libvirt of this host and its domains. A domain is called by its name or by its UUID, which
 * under OpenStack is that of the server. Which of them run is seen in the host's processes, so that
 * it is known also while libvirt does not answer.
 *
 * @param uri of libvirt; empty for virsh's default, {@code qemu:///system} if it runs as root
 */
public record LibvirtDomains(Optional<String> uri) {

  private static final int WEIGHT_NORMAL = 100;
  private static final int SHARES_NORMAL = 1024;
  private static final Duration LOOK = Duration.ofMillis(25);
  private static final Duration NOTICED = Duration.ofMillis(500);
  private static final Duration ENDED = Duration.ofSeconds(10);

  /** Whose guest has failed waits for it. */
  private static final Duration ANSWER = Duration.ofSeconds(2);

  /** The process of a domain; empty if it does not run. */
  public Optional<RunningGuest> running(String domain) {
    List<RunningGuest> all = all().stream().filter(guest -> guest.isCalled(domain)).toList();
    // A UUID is one domain's; a name may be that of another user's, too.
    return all.size() == 1
        ? Optional.of(all.getFirst())
        : all.stream().filter(guest -> guest.uuid().equals(Optional.of(domain))).findFirst();
  }

  /** Those that run on this host, by process id. */
  public List<RunningGuest> all() {
    return GuestDiscovery.find().stream().filter(RunningGuest::libvirt).toList();
  }

  /** Why the state of one can't be captured; empty if nothing speaks against it. */
  public List<String> whatLacks(RunningGuest guest) {
    LibvirtMonitor monitor = new LibvirtMonitor(guest.name(), uri);
    return GuestCheck.check(guest, command -> monitor.execute(command).found()).stream()
        .filter(Finding.Lacking.class::isInstance)
        .map(Finding.Lacking.class::cast)
        .map(lacking -> "%s %s: %s".formatted(lacking.what(), lacking.why(), lacking.advice()))
        .toList();
  }

  /** The process of a domain, which is started if it is defined and does not run. */
  public Reply<RunningGuest> start(String domain) {
    Optional<RunningGuest> there = running(domain);
    return there.isPresent()
        ? Reply.done(there.get())
        : Virsh.run(uri, "start", domain)
            .then(_ ->
                running(domain)
                    .map(Reply::done)
                    .orElseGet(() -> Reply.unknown("libvirt says that %s runs".formatted(domain))));
  }

  /**
   * Takes hold of one that runs. Refused if libvirt would start it again when its host comes back:
   * its shadow may serve by then.
   *
   * @param directory see {@link LibvirtGuest#attach}
   */
  public Reply<QemuGuest> attach(
      RunningGuest found, VmId vm, Path directory, UnaryOperator<GuestSpec> completed) {
    return Virsh.run(uri, "list", "--all", "--autostart", "--name")
        .then(names ->
            names.lines().map(String::strip).anyMatch(found.name()::equals)
                ? Reply.refused(
                    "libvirt starts %s by itself when its host comes back, when its shadow may serve already; maybe: virsh autostart --disable %s"
                        .formatted(found.name(), found.name()))
                : LibvirtGuest.attach(found, vm, uri, directory, completed));
  }

  /**
   * What libvirt has done with a domain whose process has ended, if it lives on elsewhere or is to
   * go on later: migrated or saved. Empty if it failed, or if libvirt does not know it any more.
   */
  public Optional<String> movedOn(String domain) {
    long began = System.nanoTime();
    while (true) {
      Optional<String> said = Virsh.within(ANSWER, uri, "domstate", domain, "--reason").found();
      if (said.isEmpty()) {
        return said;
      }
      if (said.get().startsWith("shut off")) {
        return said.filter(state -> state.contains("(migrated)") || state.contains("(saved)"));
      }
      // It has not noticed yet, or it is at it.
      Duration most = said.get().startsWith("running") ? NOTICED : ENDED;
      if (System.nanoTime() - began > most.toNanos()) {
        return Optional.empty();
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }

  /** Gives a domain more or less of the CPU than others: 100 is normal. */
  public Reply<String> weigh(String domain, int weight) {
    int shares = Math.max(2, weight * SHARES_NORMAL / WEIGHT_NORMAL);
    return Virsh.run(uri, "schedinfo", domain, "--live", "cpu_shares=" + shares);
  }
}
