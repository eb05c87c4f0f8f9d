package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.capture.DeviceState;
import io.penumbra.adapter.qemu.capture.FileSystems;
import io.penumbra.adapter.qemu.capture.QemuSource;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.FileTree;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.file.ImageRestore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.LongConsumer;

/**
 * A second instance of a guest, as it was at one of the epochs that its shadow keeps, beside the
 * shadow, which goes on following. It reaches nobody; a port that the system chooses leads to it.
 * Closed, it is gone with all of its files.
 */
public final class GuestCopy implements AutoCloseable {

  private static final Duration KILL = Duration.ofSeconds(10);

  private final ShadowPlan plan;
  private final GuestHome home;
  private final LaunchSettings settings;
  private final LongConsumer started;
  private boolean closed;

  private GuestCopy(
      ShadowPlan plan, GuestHome home, LaunchSettings settings, LongConsumer started) {
    this.plan = plan;
    this.home = home;
    this.started = started;
    this.settings = settings.alone();
  }

  /**
   * Brings memory and disks as they were; nothing runs yet.
   *
   * @param plan of the shadow
   * @param epoch that it keeps
   * @param directory of the copy alone; what is left there of one before is removed
   * @param started is told the process id of its QEMU: it is a guest, and no part of who starts it
   */
  public static Reply<GuestCopy> of(
      ShadowPlan plan, long epoch, Path directory, LaunchSettings settings, LongConsumer started) {
    GuestHome home = GuestHome.in(directory);
    GuestCopy copy = new GuestCopy(plan, home, settings, started);
    try {
      remove(directory);
      Files.createDirectories(directory);
      Map<Region, Path> files = new LinkedHashMap<>();
      ImageRestore restore = ImageRestore.from(plan.state());
      for (Region region : restore.layout().regions()) {
        boolean memory = region.kind() == RegionKind.RAM;
        files.put(region, memory ? home.ram() : copy.image(region.id().value()));
      }
      restore.restore(epoch, files, directory.resolve("restoring"));
      return Reply.done(copy);
    } catch (IOException | BadInputException | UncheckedIOException e) {
      copy.close();
      return Reply.refused("epoch %d of %s: %s".formatted(epoch, plan.spec().vm(), e.getMessage()));
    }
  }

  private Path image(String region) {
    return home.directory().resolve(region + ".img");
  }

  /**
   * Has it run.
   *
   * @param guestPort on which its service is
   * @return where that is reached
   */
  public Reply<InetSocketAddress> run(int guestPort) {
    // Where the guest's own port would be: whoever is to ask the copy reaches that address.
    PortForward forward =
        plan.spec().forwards().stream()
            .filter(own -> own.guestPort() == guestPort)
            .map(own -> new PortForward(own.address(), 0, guestPort))
            .findFirst()
            .orElseGet(() -> PortForward.toGuest(guestPort));
    GuestSpec spec =
        plan.spec()
            .withDisks(
                plan.spec().disks().stream()
                    .map(disk -> Disk.raw(disk.name(), image(disk.name())))
                    .toList())
            .withForwards(List.of(forward));
    return devices()
        .then(state ->
            QemuGuest.launchWaiting(spec, home, settings)
                .then(guest -> {
                  try (guest) {
                    started.accept(guest.pid());
                    return DeviceLoad.into(guest, state, plan.primary().machine())
                        .then(_ -> guest.serve())
                        .then(_ -> {
                          // It was cut while its file systems were frozen.
                          FileSystems.thawSoon(guest);
                          return address(guest, forward);
                        });
                  }
                }));
  }

  private static Reply<InetSocketAddress> address(QemuGuest guest, PortForward asked) {
    OptionalInt port = guest.hostPort(asked.guestPort());
    return port.isPresent()
        ? Reply.done(new InetSocketAddress(asked.address(), port.getAsInt()))
        : Reply.refused("no port leads to the copy");
  }

  private Reply<DeviceState> devices() {
    Path file = image(QemuSource.DEVICES.value());
    try (Arena arena = Arena.ofConfined();
        FileChannel image = FileChannel.open(file)) {
      return Reply.done(
          DeviceState.read(image.map(MapMode.READ_ONLY, 0, DeviceState.REGION_BYTES, arena)));
    } catch (IOException | IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(file, e.getMessage()));
    }
  }

  /** Ends a copy that was made there, by whomever, and removes its files. */
  public static void remove(Path directory) {
    QemuGuest.destroyAt(directory, KILL);
    try {
      Path ram = GuestHome.in(directory).ram();
      Files.deleteIfExists(ram);
      Files.deleteIfExists(ram.resolveSibling(ram.getFileName() + ".part"));
      FileTree.remove(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("can't remove the copy in " + directory, e);
    }
  }

  /** Ends it, whatever it is at. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      remove(home.directory());
    }
  }
}
