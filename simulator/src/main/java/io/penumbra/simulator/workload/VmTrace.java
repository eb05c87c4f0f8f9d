package io.penumbra.simulator.workload;

import io.penumbra.domain.ProjectId;
import io.penumbra.domain.VmId;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * All VMs of a workload in the order of their arrival, as columns: 21 bytes per VM, so that a
 * million of them is cheap. {@link #arrival} gives one of them as a record.
 */
public final class VmTrace {

  /** Lifetime of a VM that stays to the end of the run. */
  public static final long STAYS = Long.MAX_VALUE;

  private final String source;
  private final List<Flavor> flavors;
  private final int size;
  private final long[] atMillis;
  private final long[] lifetimeMillis;
  private final int[] batch;
  private final byte[] flavor;

  private VmTrace(Columns columns) {
    this.source = columns.source;
    this.flavors = List.copyOf(columns.flavors);
    this.size = columns.size;
    this.atMillis = Arrays.copyOf(columns.atMillis, size);
    this.lifetimeMillis = Arrays.copyOf(columns.lifetimeMillis, size);
    this.batch = Arrays.copyOf(columns.batch, size);
    this.flavor = Arrays.copyOf(columns.flavor, size);
  }

  /** Where it comes from, for reports: files, or a generator and its seed. */
  public String source() {
    return source;
  }

  public int size() {
    return size;
  }

  public List<Flavor> flavors() {
    return flavors;
  }

  /** Milliseconds from the start of the run to the VM's arrival; never falls from VM to VM. */
  public long atMillis(int vm) {
    return atMillis[vm];
  }

  /** Milliseconds the VM stays, or {@link #STAYS}. */
  public long lifetimeMillis(int vm) {
    return lifetimeMillis[vm];
  }

  public Flavor flavor(int vm) {
    return flavors.get(flavor[vm]);
  }

  /** The tenant batch the VM came with, from 0. */
  public int batch(int vm) {
    return batch[vm];
  }

  public VmId id(int vm) {
    return VmId.of("vm-" + padded(vm, 7));
  }

  /** Traces tell which VMs one tenant started together, no more; so each batch is a project. */
  public ProjectId project(int vm) {
    return ProjectId.of("project-" + padded(batch[vm], 6));
  }

  public VmArrival arrival(int vm) {
    return new VmArrival(
        vm,
        id(vm),
        project(vm),
        flavor(vm),
        Duration.ofMillis(atMillis[vm]),
        lifetimeMillis[vm] == STAYS
            ? Optional.empty()
            : Optional.of(Duration.ofMillis(lifetimeMillis[vm])));
  }

  private static String padded(int number, int width) {
    String digits = Integer.toString(number);
    return "0".repeat(Math.max(0, width - digits.length())) + digits;
  }

  /** Collects VMs in the order of their arrival. */
  public static final class Columns {

    private final String source;
    private final List<Flavor> flavors;
    private int size;
    private long[] atMillis;
    private long[] lifetimeMillis;
    private int[] batch;
    private byte[] flavor;

    public Columns(String source, List<Flavor> flavors, int expected) {
      if (flavors.size() > Byte.MAX_VALUE) {
        throw new IllegalArgumentException(
            "%d flavours; expected at most %d".formatted(flavors.size(), Byte.MAX_VALUE));
      }
      this.source = source;
      this.flavors = List.copyOf(flavors);
      int room = Math.max(16, expected);
      this.atMillis = new long[room];
      this.lifetimeMillis = new long[room];
      this.batch = new int[room];
      this.flavor = new byte[room];
    }

    public int size() {
      return size;
    }

    /** Adds the next VM; it may not arrive before the one added last. */
    public void add(long at, long lifetime, int flavorIndex, int batchIndex) {
      if (at < 0 || (size > 0 && at < atMillis[size - 1])) {
        throw new IllegalArgumentException(
            "VM %d arrives at %d ms; expected no earlier than the one before it"
                .formatted(size, at));
      }
      if (lifetime < 0) {
        throw new IllegalArgumentException(
            "VM %d stays for %d ms; expected 0 or more".formatted(size, lifetime));
      }
      if (size == atMillis.length) {
        grow();
      }
      atMillis[size] = at;
      lifetimeMillis[size] = lifetime;
      flavor[size] = (byte) flavorIndex;
      batch[size] = batchIndex;
      size++;
    }

    public VmTrace build() {
      return new VmTrace(this);
    }

    private void grow() {
      int room = Math.max(size + 1, size + size / 2);
      atMillis = Arrays.copyOf(atMillis, room);
      lifetimeMillis = Arrays.copyOf(lifetimeMillis, room);
      batch = Arrays.copyOf(batch, room);
      flavor = Arrays.copyOf(flavor, room);
    }
  }
}
