package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.dirty.WrittenPages;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import io.penumbra.sync.file.FileData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A running guest as a source of epochs: its memory, the state of its devices, its disks. To hold
 * it is to stop it, save its devices and find out what it has written; that takes milliseconds, and
 * no longer for a large guest than for a small one where the kernel keeps track of writes. A guest
 * has one source at a time, since what the kernel has told it forgets.
 */
public final class QemuSource implements StateSource {

  public static final RegionId RAM = RegionId.of("ram");
  public static final RegionId DEVICES = RegionId.of("devices");

  private static final JsonNode NOTHING = JsonNodeFactory.instance.objectNode();

  private static final int RAM_REGION = 0;
  private static final int DEVICE_REGION = 1;
  private static final int FIRST_DISK_REGION = 2;
  private static final Duration STOP = Duration.ofSeconds(20);

  private final QemuGuest guest;
  private final CaptureSettings settings;
  private final StateLayout layout;
  private final Arena arena;
  private final MemorySegment ram;
  private final MemorySegment devices;
  private final DeviceSaver saver;
  private final Optional<WrittenPages> tracker;
  private final Optional<String> whyNotTracked;
  private final Optional<FileData> ramData;
  private final DiskTrackers disks;
  private final FileSystems fileSystems;
  private final BitSet devicePages = new BitSet();
  private boolean firstLook = true;
  private Optional<PauseTimes> lastPause = Optional.empty();

  private QemuSource(
      QemuGuest guest,
      CaptureSettings settings,
      StateLayout layout,
      Arena arena,
      MemorySegment ram,
      DeviceSaver saver,
      DiskTrackers disks,
      Reply<WrittenPages> tracker) {
    this.guest = guest;
    this.settings = settings;
    this.layout = layout;
    this.arena = arena;
    this.ram = ram;
    this.saver = saver;
    this.disks = disks;
    fileSystems = new FileSystems(guest.agent());
    fileSystems.thaw();
    this.tracker = tracker.found();
    this.whyNotTracked = tracker.refusal();
    ramData = FileData.of(guest.home().ram(), ram.byteSize());
    devices = arena.allocate(DeviceState.REGION_BYTES, PageSize.BYTES);
  }

  /** Opens a guest that runs; refused if it can't be captured, with what it lacks. */
  public static Reply<QemuSource> open(QemuGuest guest, CaptureSettings settings) {
    return guest
        .identity()
        .then(identity -> DiskTrackers.open(guest, identity))
        .then(disks ->
            switch (DeviceSavers.choose(guest, settings)) {
              case Reply.Done<DeviceSaver>(DeviceSaver saver) ->
                  open(guest, settings, saver, disks);
              case Reply.Refused<DeviceSaver>(String reason) -> {
                disks.close();
                yield Reply.refused(reason);
              }
              case Reply.Unknown<DeviceSaver>(String reason) -> {
                disks.close();
                yield Reply.unknown(reason);
              }
            });
  }

  private static Reply<QemuSource> open(
      QemuGuest guest, CaptureSettings settings, DeviceSaver saver, DiskTrackers disks) {
    Arena arena = Arena.ofShared();
    try (FileChannel file = FileChannel.open(guest.home().ram(), StandardOpenOption.READ)) {
      MemorySegment ram = file.map(MapMode.READ_ONLY, 0, guest.spec().memoryBytes(), arena);
      Reply<WrittenPages> tracker =
          settings.tracking()
              ? WrittenPages.of(guest.pid(), guest.home().ram())
              : Reply.refused("not asked for");
      StateLayout layout = layout(guest, disks);
      return Reply.done(new QemuSource(guest, settings, layout, arena, ram, saver, disks, tracker));
    } catch (IOException e) {
      arena.close();
      saver.close();
      disks.close();
      return Reply.refused("%s: %s".formatted(guest.home().ram(), e.getMessage()));
    }
  }

  private static StateLayout layout(QemuGuest guest, DiskTrackers disks) {
    List<Region> regions = new ArrayList<>();
    regions.add(new Region(RAM, RegionKind.RAM, guest.spec().memoryBytes()));
    regions.add(new Region(DEVICES, RegionKind.DEVICE, DeviceState.REGION_BYTES));
    for (int i = 0; i < disks.disks().size(); i++) {
      RegionId id = RegionId.of(guest.spec().disks().get(i).name());
      regions.add(new Region(id, RegionKind.DISK, disks.disks().get(i).bytes()));
    }
    return new StateLayout(regions);
  }

  private DiskTracker disk(int region) {
    return disks.disks().get(region - FIRST_DISK_REGION);
  }

  private MemorySegment content(int region) {
    return switch (region) {
      case RAM_REGION -> ram;
      case DEVICE_REGION -> devices;
      default -> disk(region).content();
    };
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  /** Why pages of memory are compared rather than tracked; empty if they are tracked. */
  public Optional<String> whyNotTracked() {
    return whyNotTracked;
  }

  /** Where the time of the last pause went. */
  public Optional<PauseTimes> lastPause() {
    return lastPause;
  }

  @Override
  public Optional<Glimpse> glimpse() {
    return Optional.of(new Running());
  }

  /**
   * Stops the guest.
   *
   * @throws CaptureFailedException if that or saving its devices failed; it runs then if it can
   */
  @Override
  public Hold hold() {
    boolean held = false;
    if (!guest.isHeld()) {
      // One that stands still could not answer.
      fileSystems.freeze();
    }
    try {
      Hold hold = holdStill();
      held = true;
      return hold;
    } finally {
      if (!held) {
        fileSystems.thaw();
      }
    }
  }

  private Hold holdStill() {
    long start = System.nanoTime();
    QmpClient qmp = guest.qmp();
    List<QmpCommand> commands = new ArrayList<>(List.of(QmpCommand.of("stop")));
    commands.addAll(saver.commands());
    List<Reply<JsonNode>> replies = qmp.executeTogether(commands, STOP);
    Reply<DeviceState> saved =
        replies.getFirst().then(_ -> replies.getLast()).then(_ -> saver.collect());
    if (!(saved instanceof Reply.Done<DeviceState>(DeviceState state))) {
      goOn();
      throw new CaptureFailedException(
          "%s: its devices can't be saved: %s".formatted(guest, saved.refusal().orElse("")));
    }
    long changed = state.writeTo(devices);
    devicePages.set(0, (int) PageSize.pagesFor(changed));
    long held = System.nanoTime();
    return new Held(start, held);
  }

  private Reply<JsonNode> goOn() {
    // Somebody may have paused it meanwhile, and means it.
    return guest.isHeld() ? Reply.done(NOTHING) : guest.qmp().execute("cont");
  }

  private Optional<BitSet> writtenRam() {
    if (tracker.isEmpty()) {
      return Optional.empty();
    }
    if (!(tracker.get().next() instanceof Reply.Done<BitSet>(BitSet written))) {
      throw new CaptureFailedException("%s: the kernel stopped tracking".formatted(guest));
    }
    if (firstLook) {
      // What was written before tracking began, by this agent or another, is known to the file.
      firstLook = false;
      written.or(ramWithData().orElseGet(this::allOfRam));
    }
    return Optional.of(written);
  }

  private Optional<BitSet> ramWithData() {
    return ramData.flatMap(FileData::pages);
  }

  private BitSet allOfRam() {
    BitSet all = new BitSet();
    all.set(0, layout.pagesIn(RAM_REGION));
    return all;
  }

  private Optional<BitSet> mayHaveChangedIn(int region) {
    return switch (region) {
      case RAM_REGION -> writtenRam();
      case DEVICE_REGION -> {
        BitSet pages = (BitSet) devicePages.clone();
        devicePages.clear();
        yield Optional.of(pages);
      }
      default -> {
        Reply<BitSet> written = disk(region).written();
        yield Optional.of(
            written
                .found()
                .orElseThrow(() ->
                    new CaptureFailedException(
                        "%s: %s".formatted(guest, written.refusal().orElse("")))));
      }
    };
  }

  private Optional<BitSet> mayHoldDataIn(int region) {
    return region == RAM_REGION ? ramWithData() : Optional.empty();
  }

  @Override
  public void close() {
    tracker.ifPresent(WrittenPages::close);
    ramData.ifPresent(FileData::close);
    saver.close();
    disks.close();
    if (!guest.isHeld()) {
      fileSystems.thaw();
    }
    arena.close();
  }

  /** While it runs. */
  private final class Running implements Glimpse {

    @Override
    public Optional<MemorySegment> region(int region) {
      return region == DEVICE_REGION ? Optional.empty() : Optional.of(content(region));
    }

    @Override
    public Optional<BitSet> mayHaveChanged(int region) {
      if (region >= FIRST_DISK_REGION) {
        disk(region).flush();
      }
      return mayHaveChangedIn(region);
    }

    @Override
    public Optional<BitSet> mayHoldData(int region) {
      return mayHoldDataIn(region);
    }
  }

  /** While it stands still. */
  private final class Held implements Hold {

    private final long start;
    private final long stopped;
    private long finding;

    Held(long start, long stopped) {
      this.start = start;
      this.stopped = stopped;
    }

    @Override
    public boolean still() {
      return true;
    }

    @Override
    public MemorySegment region(int region) {
      return content(region);
    }

    @Override
    public Optional<BitSet> mayHaveChanged(int region) {
      long before = System.nanoTime();
      Optional<BitSet> changed = mayHaveChangedIn(region);
      finding += System.nanoTime() - before;
      return changed;
    }

    @Override
    public Optional<BitSet> mayHoldData(int region) {
      return mayHoldDataIn(region);
    }

    @Override
    public long requestLogPosition() {
      return settings.requestLogPosition().getAsLong();
    }

    @Override
    public HealthSnapshot health() {
      HealthSnapshot health = settings.health().get();
      if (guest.agent().isEmpty()) {
        return health;
      }
      SortedMap<String, Double> vitals = new TreeMap<>(health.vitals());
      vitals.put("guest.frozenFileSystems", (double) fileSystems.frozen());
      return new HealthSnapshot(health.condition(), vitals);
    }

    @Override
    public void close() {
      long copied = System.nanoTime();
      Reply<JsonNode> running = goOn();
      long end = System.nanoTime();
      if (!guest.isHeld()) {
        fileSystems.thaw();
      }
      lastPause =
          Optional.of(
              new PauseTimes(
                  Duration.ofNanos(stopped - start),
                  Duration.ofNanos(finding),
                  Duration.ofNanos(copied - stopped - finding),
                  Duration.ofNanos(end - copied)));
      running
          .refusal()
          .ifPresent(why -> {
            throw new CaptureFailedException("%s does not go on: %s".formatted(guest, why));
          });
    }
  }
}
