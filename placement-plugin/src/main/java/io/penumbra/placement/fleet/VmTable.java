package io.penumbra.placement.fleet;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.VmId;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All VMs as columns, with an open-addressing table from id to row. A million VMs cost some 60
 * bytes each besides their ids, a fraction of what a map of objects takes.
 */
final class VmTable {

  static final int NONE = -1;

  @Nullable VmId[] id = new VmId[16];
  int[] host = new int[16];
  int[] vcpus = new int[16];
  long[] memoryMib = new long[16];
  long[] diskGib = new long[16];
  boolean[] claim = new boolean[16];
  List<?>[] groups = new List<?>[16];

  /** Neighbours in the list of the host's primaries. */
  int[] next = new int[16];

  int[] previous = new int[16];

  /** First of the VM's shadows, a row of {@link ShadowTable}. */
  int[] shadowHead = new int[16];

  private int rows;
  private int live;
  private final IntList free = new IntList();

  /** Row + 1, or 0 where empty; linear probing, length a power of two. */
  private int[] buckets = new int[32];

  int size() {
    return live;
  }

  /** The row of a VM, or {@link #NONE}. */
  int find(VmId vm) {
    int mask = buckets.length - 1;
    for (int b = spread(vm) & mask; buckets[b] != 0; b = (b + 1) & mask) {
      if (vm.equals(id[buckets[b] - 1])) {
        return buckets[b] - 1;
      }
    }
    return NONE;
  }

  /** Adds a VM that is not there yet, without a host. */
  int add(VmId vm) {
    int row = free.size() > 0 ? free.removeLast() : rows++;
    if (row == id.length) {
      grow();
    }
    id[row] = vm;
    host[row] = NONE;
    vcpus[row] = 0;
    memoryMib[row] = 0;
    diskGib[row] = 0;
    claim[row] = false;
    groups[row] = List.of();
    shadowHead[row] = NONE;
    if (++live * 2 > buckets.length) {
      rehash();
    } else {
      insert(row, vm);
    }
    return row;
  }

  void remove(int row) {
    VmId vm = idOf(row);
    int mask = buckets.length - 1;
    int hole = spread(vm) & mask;
    while (buckets[hole] != row + 1) {
      hole = (hole + 1) & mask;
    }
    close(hole, mask);
    id[row] = null;
    groups[row] = List.of();
    free.add(row);
    live--;
  }

  VmId idOf(int row) {
    VmId vm = id[row];
    if (vm == null) {
      throw new IllegalStateException("row %d holds no VM".formatted(row));
    }
    return vm;
  }

  @SuppressWarnings("unchecked") // only lists of group ids are ever put in
  List<GroupId> groupsOf(int row) {
    return (List<GroupId>) groups[row];
  }

  /** Moves later entries of the probe run back, so that no tombstones are needed. */
  private void close(int at, int mask) {
    int hole = at;
    for (int b = (hole + 1) & mask; buckets[b] != 0; b = (b + 1) & mask) {
      int home = spread(idOf(buckets[b] - 1)) & mask;
      if (((b - home) & mask) >= ((b - hole) & mask)) {
        buckets[hole] = buckets[b];
        hole = b;
      }
    }
    buckets[hole] = 0;
  }

  private void insert(int row, VmId vm) {
    int mask = buckets.length - 1;
    int b = spread(vm) & mask;
    while (buckets[b] != 0) {
      b = (b + 1) & mask;
    }
    buckets[b] = row + 1;
  }

  private void rehash() {
    buckets = new int[buckets.length * 2];
    for (int row = 0; row < rows; row++) {
      VmId vm = id[row];
      if (vm != null) {
        insert(row, vm);
      }
    }
  }

  private void grow() {
    int to = id.length + (id.length >> 1) + 1;
    id = Arrays.copyOf(id, to);
    host = Arrays.copyOf(host, to);
    vcpus = Arrays.copyOf(vcpus, to);
    memoryMib = Arrays.copyOf(memoryMib, to);
    diskGib = Arrays.copyOf(diskGib, to);
    claim = Arrays.copyOf(claim, to);
    groups = Arrays.copyOf(groups, to);
    next = Arrays.copyOf(next, to);
    previous = Arrays.copyOf(previous, to);
    shadowHead = Arrays.copyOf(shadowHead, to);
  }

  private static int spread(VmId vm) {
    int h = vm.hashCode() * 0x9E3779B9;
    return h ^ (h >>> 15);
  }
}
