package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.Promotion;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.file.DirectoryStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** A shadow made of QEMU's files, and a QEMU that waits while it is warm. */
final class QemuShadow implements Hypervisor.Shadow {

  private final Path directory;
  private final GuestShadow shadow;
  private final OwnCaps caps;
  private volatile OptionalLong goBackTo = OptionalLong.empty();
  private volatile Consumer<String> lost = reason -> {};
  private volatile boolean over;

  QemuShadow(Path directory, GuestShadow shadow, OwnCaps caps) {
    this.directory = directory;
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
    return shadow.sink();
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
  public void changeMode(ShadowMode mode) throws HypervisorException {
    switch (mode) {
      case WARM -> {
        QemuHypervisor.done("no-shadow-here", shadow.warmUp());
        shadow.waiting().ifPresent(this::watch);
      }
      case COLD -> QemuHypervisor.done("not-cooled", shadow.coolDown());
      case NONE -> throw new HypervisorException("bad-mode", "a shadow of mode NONE is none");
    }
  }

  /** Its memory is a file that takes what it has of the state; there is nothing to set aside. */
  @Override
  public void hold(Resources resident) {}

  @Override
  public Hypervisor.Guest promote() throws HypervisorException {
    over = true;
    try {
      Promotion promotion = QemuHypervisor.done("not-promoted", shadow.promote(goBackTo));
      return new QemuHosted(directory, promotion, caps);
    } catch (HypervisorException e) {
      over = false;
      throw e;
    }
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
