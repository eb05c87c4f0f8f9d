package io.penumbra.placement.fleet;

import java.util.Arrays;

/** All shadows as columns; each is in one list of its VM and one of its host. */
final class ShadowTable {

  static final int NONE = -1;

  int[] vm = new int[16];
  int[] host = new int[16];
  int[] residentVcpus = new int[16];
  long[] residentMemoryMib = new long[16];
  long[] residentDiskGib = new long[16];
  int[] reserveVcpus = new int[16];
  long[] reserveMemoryMib = new long[16];
  long[] reserveDiskGib = new long[16];
  int[] nextOfVm = new int[16];
  int[] next = new int[16];
  int[] previous = new int[16];

  private int rows;
  private int live;
  private final IntList free = new IntList();

  int size() {
    return live;
  }

  int add() {
    int row = free.size() > 0 ? free.removeLast() : rows++;
    if (row == vm.length) {
      grow();
    }
    live++;
    return row;
  }

  void remove(int row) {
    free.add(row);
    live--;
  }

  private void grow() {
    int to = vm.length + (vm.length >> 1) + 1;
    vm = Arrays.copyOf(vm, to);
    host = Arrays.copyOf(host, to);
    residentVcpus = Arrays.copyOf(residentVcpus, to);
    residentMemoryMib = Arrays.copyOf(residentMemoryMib, to);
    residentDiskGib = Arrays.copyOf(residentDiskGib, to);
    reserveVcpus = Arrays.copyOf(reserveVcpus, to);
    reserveMemoryMib = Arrays.copyOf(reserveMemoryMib, to);
    reserveDiskGib = Arrays.copyOf(reserveDiskGib, to);
    nextOfVm = Arrays.copyOf(nextOfVm, to);
    next = Arrays.copyOf(next, to);
    previous = Arrays.copyOf(previous, to);
  }
}
