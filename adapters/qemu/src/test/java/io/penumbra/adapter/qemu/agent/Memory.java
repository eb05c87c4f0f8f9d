package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A hypervisor whose guests are some pages of memory and a flag. It outlives agents, as guests do:
 * give it to the next one to see a restart.
 */
final class Memory implements Hypervisor {

  static final int PAGES = 64;

  private static final StateLayout LAYOUT =
      StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, PAGES * 4096L));

  final Map<VmId, MemoryGuest> guests = new ConcurrentHashMap<>();
  final Map<VmId, MemoryShadow> shadows = new ConcurrentHashMap<>();
  final AtomicInteger starts = new AtomicInteger();
  final AtomicInteger promotions = new AtomicInteger();

  @Override
  public Guest start(VmSpec spec) {
    starts.incrementAndGet();
    MemoryGuest guest = new MemoryGuest(new byte[PAGES * 4096]);
    guests.put(spec.vm().id(), guest);
    return guest;
  }

  @Override
  public Optional<Guest> adopt(VmSpec spec) {
    return Optional.<Guest>ofNullable(guests.get(spec.vm().id())).filter(Guest::alive);
  }

  @Override
  public Shadow prepare(VmSpec spec, ShadowMode mode, Resources resident) {
    return shadows.computeIfAbsent(spec.vm().id(), vm -> new MemoryShadow(vm));
  }

  @Override
  public void remove(VmId vm) {
    guests.remove(vm);
    shadows.remove(vm);
  }

  MemoryGuest guest(VmId vm) {
    MemoryGuest guest = guests.get(vm);
    if (guest == null) {
      throw new AssertionError("no guest of " + vm);
    }
    return guest;
  }

  /** Pages and a flag. */
  static final class MemoryGuest implements Guest {

    final MemorySegment ram = Arena.ofAuto().allocate(PAGES * 4096L, 4096);
    private Consumer<String> gone = symptom -> {};
    private boolean alive = true;
    private boolean paused;
    private boolean frozen;
    private int held;
    volatile int weight = 100;
    volatile boolean hasGroups = true;
    volatile HealthSnapshot.Condition condition = HealthSnapshot.Condition.WELL;

    MemoryGuest(byte[] content) {
      MemorySegment.copy(content, 0, ram, ValueLayout.JAVA_BYTE, 0, content.length);
    }

    /** Whether clients would be answered. */
    synchronized boolean serves() {
      return alive && !paused && !frozen && held == 0;
    }

    void write(long offset, long value) {
      ram.set(ValueLayout.JAVA_LONG, offset, value);
    }

    long read(long offset) {
      return ram.get(ValueLayout.JAVA_LONG, offset);
    }

    /** Dies of itself. */
    void crash() {
      synchronized (this) {
        alive = false;
      }
      gone.accept("crashed");
    }

    @Override
    public long pid() {
      return 0;
    }

    @Override
    public Optional<JsonNode> identity() {
      return Optional.empty();
    }

    @Override
    public synchronized boolean alive() {
      return alive;
    }

    @Override
    public synchronized void pause() {
      paused = true;
    }

    @Override
    public synchronized void resume() {
      paused = false;
    }

    @Override
    public synchronized void freeze() {
      frozen = true;
    }

    @Override
    public synchronized void thaw() {
      frozen = false;
    }

    @Override
    public synchronized boolean frozen() {
      return frozen;
    }

    @Override
    public synchronized void kill() {
      alive = false;
    }

    @Override
    public Optional<InetSocketAddress> port(String name) {
      return Optional.empty();
    }

    @Override
    public void whenGone(Consumer<String> symptom) {
      gone = symptom;
    }

    @Override
    public SortedMap<String, Double> vitals() {
      return new TreeMap<>(Map.of("guest.cpu", 0.5));
    }

    @Override
    public void share(int wanted) throws HypervisorException {
      if (!hasGroups) {
        throw new HypervisorException("not-here", "no control groups");
      }
      weight = wanted;
    }

    @Override
    public void letGo() {}

    @Override
    public StateSource source() {
      return new StateSource() {
        @Override
        public StateLayout layout() {
          return LAYOUT;
        }

        @Override
        public Hold hold() {
          synchronized (MemoryGuest.this) {
            held++;
          }
          return new MemoryHold();
        }

        @Override
        public void close() {}
      };
    }

    private final class MemoryHold implements StateSource.Hold {
      @Override
      public boolean still() {
        return true;
      }

      @Override
      public MemorySegment region(int region) {
        return ram;
      }

      @Override
      public Optional<BitSet> mayHaveChanged(int region) {
        return Optional.empty();
      }

      @Override
      public long requestLogPosition() {
        return 0;
      }

      @Override
      public HealthSnapshot health() {
        return new HealthSnapshot(condition, new TreeMap<>());
      }

      @Override
      public void close() {
        synchronized (MemoryGuest.this) {
          held--;
        }
      }
    }
  }

  /** Pages that follow others. */
  final class MemoryShadow implements Shadow, StateSink {

    private final VmId vm;
    private final RegionPages image =
        new RegionPages(LAYOUT, List.of(Arena.ofAuto().allocate(PAGES * 4096L, 4096)));
    private final Map<Integer, byte[]> staged = new TreeMap<>();
    private final List<EpochManifest> history = new ArrayList<>();
    Consumer<String> lost = reason -> {};

    MemoryShadow(VmId vm) {
      this.vm = vm;
    }

    @Override
    public StateSink sink() {
      return this;
    }

    @Override
    public synchronized Optional<EpochManifest> newest() {
      return history.isEmpty() ? Optional.empty() : Optional.of(history.getLast());
    }

    @Override
    public void verify() {}

    @Override
    public synchronized void rollBack(long epoch) {
      history.removeIf(manifest -> manifest.epoch() > epoch);
    }

    @Override
    public void goForward() {}

    @Override
    public synchronized List<EpochManifest> kept() {
      return List.copyOf(history);
    }

    @Override
    public void changeMode(ShadowMode mode) {}

    @Override
    public void hold(Resources resident) {}

    @Override
    public Guest promote() {
      promotions.incrementAndGet();
      byte[] content = image.region(0).toArray(ValueLayout.JAVA_BYTE);
      MemoryGuest guest = new MemoryGuest(content);
      guests.put(vm, guest);
      shadows.remove(vm);
      return guest;
    }

    @Override
    public void delete() {
      shadows.remove(vm);
    }

    @Override
    public void letGo() {}

    @Override
    public void whenLost(Consumer<String> reason) {
      lost = reason;
    }

    @Override
    public Opening open(VmId ofVm, StateLayout layout) {
      long[] hashes = new long[PAGES];
      for (int page = 0; page < PAGES; page++) {
        hashes[page] = PageHash.of(image, page);
      }
      return new Opening.Opened(newest(), PageHashes.of(hashes));
    }

    @Override
    public PageView view() {
      return image;
    }

    @Override
    public void stage(int page, MemorySegment content, long offset, long hash) {
      staged.put(page, content.asSlice(offset, 4096).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public void unstage(int page) {
      staged.remove(page);
    }

    @Override
    public void discard() {
      staged.clear();
    }

    @Override
    public synchronized void commit(EpochManifest manifest) {
      history.add(manifest);
    }

    @Override
    public void apply() {
      staged.forEach((page, bytes) ->
          MemorySegment.copy(
              bytes, 0, image.segment(page), ValueLayout.JAVA_BYTE, image.offset(page), 4096));
      staged.clear();
    }

    @Override
    public void close() {}
  }
}
