package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.shadow.ArchiveRestore;
import io.penumbra.adapter.qemu.shadow.GuestCopy;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.Promotion;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.file.DirectoryStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * A shadow made of QEMU's files, and a QEMU that waits while it is warm. While it is cold, its
 * memory lies on a disk, and its epochs go to the tier store if the agent has one; then what is
 * here is a copy that only saves time.
 */
final class QemuShadow implements Hypervisor.Shadow {

  private static final String UNFIT = "unfit";

  private final Plans plans;
  private final LaunchSettings launch;
  private final OwnCaps caps;
  private final Optional<Archived> archived;
  private volatile GuestShadow shadow;
  private volatile ShadowMode mode;
  private volatile Optional<ArchivingSink> archiving = Optional.empty();
  private volatile OptionalLong goBackTo = OptionalLong.empty();
  private volatile Consumer<String> lost = reason -> {};
  private volatile boolean over;

  /** Where its files lie in each mode. */
  interface Plans {

    /** In that directory: its own, or one beside it. */
    ShadowPlan of(ShadowMode mode, Path directory);

    /** Its own. */
    Path directory();
  }

  /** Where its epochs are kept while it is cold. */
  record Archived(EpochStore store, VmSpec spec) {

    /** For one writer: he trusts nothing that was kept before he came. */
    TierArchive archive() {
      return store.archive(spec);
    }
  }

  QemuShadow(
      Plans plans,
      GuestShadow shadow,
      ShadowMode mode,
      LaunchSettings launch,
      Optional<Archived> archived,
      OwnCaps caps) {
    this.plans = plans;
    this.launch = launch;
    this.archived = archived;
    this.mode = mode;
    this.caps = caps;
    this.shadow = shadow;
    shadow.waiting().ifPresent(this::watch);
  }

  private void watch(QemuGuest waiting) {
    caps.letOut(waiting.pid());
    waiting.onGone(() -> {
      if (!over && shadow.waiting().filter(waiting::equals).isPresent() && !waiting.isAlive()) {
        lost.accept("the QEMU that waited has ended");
      }
    });
  }

  @Override
  public StateSink sink() {
    if (mode != ShadowMode.COLD || archived.isEmpty()) {
      return shadow.sink();
    }
    ArchivingSink sink =
        new ArchivingSink(shadow.sink(), archived.get().store(), archived.get().archive());
    archiving = Optional.of(sink);
    return sink;
  }

  @Override
  public void hush() {
    archiving.ifPresent(ArchivingSink::hush);
  }

  @Override
  public Optional<EpochManifest> newest() {
    if (goBackTo.isPresent()) {
      long to = goBackTo.getAsLong();
      return kept().stream().filter(manifest -> manifest.epoch() == to).findFirst();
    }
    // Of one that was taken up, the sink knows nothing before its first sender comes.
    return shadow.newest().or(() -> kept().stream().reduce((_, later) -> later));
  }

  /** Every page was held against its hash when it came, and the whole against its root. */
  @Override
  public void verify() throws HypervisorException {
    if (newest().isEmpty()) {
      throw new HypervisorException("no-shadow", "it has no whole state");
    }
  }

  @Override
  public void rollBack(long epoch) {
    goBackTo = OptionalLong.of(epoch);
  }

  @Override
  public Hypervisor.Copy copy(long epoch) throws HypervisorException {
    GuestCopy copy =
        QemuHypervisor.done(
            "no-copy",
            GuestCopy.of(shadow.plan(), epoch, copyOf(plans.directory()), launch, caps::letOut));
    return new Hypervisor.Copy() {
      @Override
      public InetSocketAddress run(String port) throws HypervisorException {
        return QemuHypervisor.done("no-copy", copy.run(Integer.parseInt(port)));
      }

      @Override
      public void close() {
        copy.close();
      }
    };
  }

  /** Where a copy lives; no VM has such a name. */
  static Path copyOf(Path directory) {
    return directory.resolveSibling(".copy-" + directory.getFileName());
  }

  @Override
  public void goForward() {
    goBackTo = OptionalLong.empty();
  }

  @Override
  public List<EpochManifest> kept() {
    try {
      return DirectoryStatus.read(shadow.plan().state()).kept().stream()
          .map(DirectoryStatus.Kept::manifest)
          .toList();
    } catch (IOException | BadInputException nothingYet) {
      return List.of();
    }
  }

  @Override
  public List<EpochManifest> stored() {
    try {
      return archived.isEmpty()
          ? List.of()
          : archived.get().store().kept(shadow.vm()).stream()
              .map(TierArchive.Kept::epoch)
              .toList()
              .reversed();
    } catch (IOException storeIsAway) {
      return List.of();
    }
  }

  /** Where an epoch is fetched to; no VM has such a name. */
  static Path fetchedBeside(Path directory) {
    return directory.resolveSibling(".fetch-" + directory.getFileName());
  }

  /** Beside what is here, which goes only when the other is whole. */
  @Override
  public void fetch(EpochManifest stored) throws HypervisorException {
    Archived from =
        archived.orElseThrow(
            () -> new HypervisorException("no-store", "this host's agent has no tier store"));
    long number = CutLabel.of(stored).map(CutLabel::epoch).orElse(stored.epoch());
    Path directory = plans.directory();
    ShadowPlan beside = plans.of(ShadowMode.COLD, fetchedBeside(directory));
    // An attempt before may have left its half.
    QemuHypervisor.done("not-removed", GuestShadow.remove(beside));
    GuestShadow fetched =
        QemuHypervisor.done(
            "not-restored",
            ArchiveRestore.of(beside, from.archive(), number, ShadowMode.COLD, launch));
    fetched.close();
    boolean warm = mode == ShadowMode.WARM;
    over = true;
    QemuHypervisor.done("not-deleted", shadow.delete());
    try {
      Files.move(beside.directory(), directory);
    } catch (IOException e) {
      throw new HypervisorException("io", String.valueOf(e.getMessage()), e);
    }
    over = false;
    goBackTo = OptionalLong.empty();
    open(ShadowMode.COLD);
    if (warm) {
      changeMode(ShadowMode.WARM);
    }
  }

  /** Without a QEMU, and with its memory where that mode wants it. */
  private void open(ShadowMode memoryFor) throws HypervisorException {
    shadow =
        QemuHypervisor.done(
            "no-shadow-here",
            GuestShadow.create(plans.of(memoryFor, plans.directory()), ShadowMode.COLD, launch));
    mode = ShadowMode.COLD;
  }

  /** Moves the memory; where there is no room for it, it stays where it was. */
  private void move(ShadowMode memoryFor, ShadowMode orStay) throws HypervisorException {
    shadow.close();
    try {
      open(memoryFor);
    } catch (HypervisorException e) {
      open(orStay);
      throw e;
    }
  }

  @Override
  public void changeMode(ShadowMode wanted) throws HypervisorException {
    switch (wanted) {
      case WARM -> warmUp();
      case COLD -> {
        endWaiting();
        move(ShadowMode.COLD, ShadowMode.WARM);
      }
      case NONE -> throw new HypervisorException("bad-mode", "a shadow of mode NONE is none");
    }
  }

  /** What waits is ended by us, and nothing is lost by that. */
  private void endWaiting() throws HypervisorException {
    boolean before = over;
    over = true;
    try {
      QemuHypervisor.done("not-cooled", shadow.coolDown());
    } finally {
      over = before;
    }
  }

  /** If no QEMU here can go on with it, it is as cold as before. */
  private void warmUp() throws HypervisorException {
    try {
      warmUpInMemory();
    } catch (HypervisorException e) {
      backToCold(e);
      throw e;
    }
  }

  private void backToCold(HypervisorException because) {
    try {
      move(ShadowMode.COLD, ShadowMode.WARM);
    } catch (HypervisorException e) {
      because.addSuppressed(e);
    }
  }

  /** The same, with its memory left where a guest wants it. */
  private void warmUpInMemory() throws HypervisorException {
    if (!shadow.plan().ram().equals(plans.of(ShadowMode.WARM, plans.directory()).ram())) {
      move(ShadowMode.WARM, ShadowMode.COLD);
    }
    Reply<GuestShadow> warm = shadow.warmUp();
    if (!warm.isDone()) {
      throw new HypervisorException(
          shadow.unfit().isPresent() ? UNFIT : "no-shadow-here", warm.refusal().orElse(""));
    }
    mode = ShadowMode.WARM;
    shadow.waiting().ifPresent(this::watch);
  }

  /** Its memory is a file that takes what it has of the state; there is nothing to set aside. */
  @Override
  public void hold(Resources resident) {}

  @Override
  public Hypervisor.Guest promote() throws HypervisorException {
    over = true;
    try {
      if (mode == ShadowMode.COLD) {
        warmUpInMemory();
      }
      Reply<Promotion> promoted = shadow.promote(goBackTo);
      String code = shadow.unfit().isPresent() ? UNFIT : "not-promoted";
      return new QemuHosted(keeper(), QemuHypervisor.done(code, promoted));
    } catch (HypervisorException e) {
      if (e.code().equals(UNFIT) && !shadow.plan().spec().disks().isEmpty()) {
        return boot(e.text());
      }
      over = false;
      if (mode == ShadowMode.COLD) {
        backToCold(e);
      } else {
        waitAgain(e);
      }
      throw e;
    }
  }

  /** What waited may have ended with the attempt; the next one is not to wait for another. */
  private void waitAgain(HypervisorException because) {
    try {
      if (shadow.waiting().isEmpty()) {
        warmUpInMemory();
      }
    } catch (HypervisorException e) {
      because.addSuppressed(e);
    }
  }

  private Keeper keeper() {
    return new Keeper.Agent(plans.directory(), caps);
  }

  /** Its memory is of no use here; with disks, a guest that boots from them is better than none. */
  private Hypervisor.Guest boot(String why) throws HypervisorException {
    try {
      endWaiting();
      move(ShadowMode.WARM, ShadowMode.COLD);
      return QemuHosted.booted(
          keeper(), QemuHypervisor.done("not-booted", shadow.bootFromDisks(goBackTo)), why);
    } catch (HypervisorException e) {
      over = false;
      throw e;
    }
  }

  @Override
  public boolean mayRun() {
    return shadow.mayRun();
  }

  @Override
  public void delete() throws HypervisorException {
    over = true;
    QemuHypervisor.done("not-deleted", shadow.delete());
  }

  @Override
  public void letGo() {
    over = true;
    shadow.close();
  }

  @Override
  public void whenLost(Consumer<String> reason) {
    lost = reason;
  }
}
