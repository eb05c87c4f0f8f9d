package io.penumbra.placement.fleet;

import java.util.Arrays;

/**
 * What one host must hold back for the shadows on it. Per resource it is the largest, over every
 * failure domain instance, of the sum of reserves of the shadows whose primary stands in it: any
 * single instance can fail, and all shadows it concerns can be promoted at once. Shadows whose
 * primary has no host count in every instance, for they are needed whatever fails.
 */
final class ReserveLedger {

  private int[] domain = new int[4];
  private int[] shadows = new int[4];
  private int[] vcpus = new int[4];
  private long[] memoryMib = new long[4];
  private long[] diskGib = new long[4];
  private int size;

  private int orphanVcpus;
  private long orphanMemoryMib;
  private long orphanDiskGib;

  private int mostVcpus;
  private long mostMemoryMib;
  private long mostDiskGib;

  int vcpus() {
    return orphanVcpus + mostVcpus;
  }

  long memoryMib() {
    return orphanMemoryMib + mostMemoryMib;
  }

  long diskGib() {
    return orphanDiskGib + mostDiskGib;
  }

  void add(int[] domains, int v, long m, long d) {
    for (int instance : domains) {
      int at = find(instance);
      if (at < 0) {
        at = append(instance);
      }
      shadows[at]++;
      vcpus[at] += v;
      memoryMib[at] += m;
      diskGib[at] += d;
      mostVcpus = Math.max(mostVcpus, vcpus[at]);
      mostMemoryMib = Math.max(mostMemoryMib, memoryMib[at]);
      mostDiskGib = Math.max(mostDiskGib, diskGib[at]);
    }
  }

  void remove(int[] domains, int v, long m, long d) {
    boolean stale = false;
    for (int instance : domains) {
      int at = find(instance);
      stale |=
          (v > 0 && vcpus[at] == mostVcpus)
              || (m > 0 && memoryMib[at] == mostMemoryMib)
              || (d > 0 && diskGib[at] == mostDiskGib);
      shadows[at]--;
      vcpus[at] -= v;
      memoryMib[at] -= m;
      diskGib[at] -= d;
      if (shadows[at] == 0) {
        drop(at);
      }
    }
    if (stale) {
      findMost();
    }
  }

  void addOrphan(int v, long m, long d) {
    orphanVcpus += v;
    orphanMemoryMib += m;
    orphanDiskGib += d;
  }

  void removeOrphan(int v, long m, long d) {
    addOrphan(-v, -m, -d);
  }

  /** How much more would be held if a shadow came that needs {@code v} when one of these fails. */
  int growthVcpus(int[] domains, int v) {
    int most = mostVcpus;
    for (int instance : domains) {
      int at = find(instance);
      most = Math.max(most, at < 0 ? v : vcpus[at] + v);
    }
    return most - mostVcpus;
  }

  long growthMemoryMib(int[] domains, long m) {
    long most = mostMemoryMib;
    for (int instance : domains) {
      int at = find(instance);
      most = Math.max(most, at < 0 ? m : memoryMib[at] + m);
    }
    return most - mostMemoryMib;
  }

  long growthDiskGib(int[] domains, long d) {
    long most = mostDiskGib;
    for (int instance : domains) {
      int at = find(instance);
      most = Math.max(most, at < 0 ? d : diskGib[at] + d);
    }
    return most - mostDiskGib;
  }

  private int find(int instance) {
    for (int i = 0; i < size; i++) {
      if (domain[i] == instance) {
        return i;
      }
    }
    return -1;
  }

  private int append(int instance) {
    if (size == domain.length) {
      int to = size * 2;
      domain = Arrays.copyOf(domain, to);
      shadows = Arrays.copyOf(shadows, to);
      vcpus = Arrays.copyOf(vcpus, to);
      memoryMib = Arrays.copyOf(memoryMib, to);
      diskGib = Arrays.copyOf(diskGib, to);
    }
    domain[size] = instance;
    shadows[size] = 0;
    vcpus[size] = 0;
    memoryMib[size] = 0;
    diskGib[size] = 0;
    return size++;
  }

  private void drop(int at) {
    size--;
    domain[at] = domain[size];
    shadows[at] = shadows[size];
    vcpus[at] = vcpus[size];
    memoryMib[at] = memoryMib[size];
    diskGib[at] = diskGib[size];
  }

  private void findMost() {
    mostVcpus = 0;
    mostMemoryMib = 0;
    mostDiskGib = 0;
    for (int i = 0; i < size; i++) {
      mostVcpus = Math.max(mostVcpus, vcpus[i]);
      mostMemoryMib = Math.max(mostMemoryMib, memoryMib[i]);
      mostDiskGib = Math.max(mostDiskGib, diskGib[i]);
    }
  }
}
