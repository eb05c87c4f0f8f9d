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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
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
  final Map<VmId, Stored> store = new ConcurrentHashMap<>();

  /** The store answers when that is counted down. */
  final Map<VmId, CountDownLatch> reading = new ConcurrentHashMap<>();

  final Set<VmId> read = ConcurrentHashMap.newKeySet();

  /** What is there of a VM is removed when that is counted down. */
  final Map<VmId, CountDownLatch> removing = new ConcurrentHashMap<>();

  /** So many shadows that are taken up fail in a way that nobody has thought of. */
  final AtomicInteger broken = new AtomicInteger();

  /** So many promotions go no further than to a guest that runs. */
  final AtomicInteger half = new AtomicInteger();

  /** So many guests die while they are started. */
  final AtomicInteger stillborn = new AtomicInteger();

  /** Guests run, and none of them answers an agent that comes anew. */
  volatile boolean deaf;

  final AtomicInteger starts = new AtomicInteger();
  final AtomicInteger promotions = new AtomicInteger();

  @Override
  public Guest start(VmSpec spec) {
    starts.incrementAndGet();
    MemoryGuest guest = new MemoryGuest(new byte[PAGES * 4096]);
    if (stillborn.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      guest.kill();
    }
    guests.put(spec.vm().id(), guest);
    return guest;
  }

  @Override
  public Optional<Guest> adopt(VmSpec spec) {
    return Optional.<Guest>ofNullable(guests.get(spec.vm().id()))
        .filter(guest -> guest.alive() && !deaf);
  }

  @Override
  public Shadow prepare(VmSpec spec, ShadowMode mode, Resources resident) {
    return shadows.computeIfAbsent(spec.vm().id(), vm -> new MemoryShadow(vm));
  }

  /** What the tier store has of a VM. */
  record Stored(VmSpec spec, EpochManifest epoch, MemorySegment content) {}

  /** What a shadow here has, as a tier store would keep it. */
  synchronized Stored stored(VmSpec spec) {
    MemoryShadow shadow = shadows.get(spec.vm().id());
    if (shadow == null) {
      throw new AssertionError("no shadow of " + spec.vm().id());
    }
    return new Stored(
        spec,
        shadow.newest().orElseThrow(),
        MemorySegment.ofArray(shadow.image.region(0).toArray(ValueLayout.JAVA_BYTE)));
  }

  @Override
  public Restored restore(VmId vm, Optional<Long> epoch, Resources resident)
      throws HypervisorException {
    Stored stored = store.get(vm);
    if (stored == null) {
      throw new HypervisorException("no-source", "nothing of " + vm);
    }
    read.add(vm);
    try {
      reading.getOrDefault(vm, new CountDownLatch(0)).await();
    } catch (InterruptedException e) {
      throw new HypervisorException("interrupted", "while reading", e);
    }
    MemoryShadow shadow = new MemoryShadow(vm);
    if (shadows.putIfAbsent(vm, shadow) != null) {
      throw new HypervisorException("in-the-way", "something of " + vm);
    }
    shadow.image.region(0).copyFrom(stored.content());
    shadow.commit(stored.epoch());
    return new Restored(stored.spec(), shadow);
  }

  @Override
  public void end(VmId vm) {
    Optional.ofNullable(guests.get(vm)).ifPresent(MemoryGuest::kill);
  }

  @Override
  public void remove(VmId vm) {
    try {
      removing.getOrDefault(vm, new CountDownLatch(0)).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
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

    /** Dies of itself, and nobody says so. */
    synchronized void vanish() {
      alive = false;
    }

    /** Dies of itself. */
    void crash() {
      vanish();
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
      return Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1));
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
    private long backTo = Long.MAX_VALUE;
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
      return history.reversed().stream().filter(one -> one.epoch() <= backTo).findFirst();
    }

    @Override
    public void verify() {}

    @Override
    public synchronized void rollBack(long epoch) {
      backTo = epoch;
    }

    @Override
    public Copy copy(long epoch) throws HypervisorException {
      throw new HypervisorException("no-copy", "what is in memory has no service");
    }

    @Override
    public synchronized void goForward() {
      backTo = Long.MAX_VALUE;
    }

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
      if (half.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw new IllegalStateException("the agent dies here");
      }
      shadows.remove(vm);
      return guest;
    }

    @Override
    public void delete() {
      shadows.remove(vm);
    }

    /** The agent ends, and what only it knew is gone. */
    @Override
    public void letGo() {
      goForward();
    }

    @Override
    public void whenLost(Consumer<String> reason) {
      if (broken.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw new IllegalStateException("broken");
      }
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
