package io.penumbra.placement.fleet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * A tree over the hosts that yields them best first without looking at all of them. Every node
 * knows the best score and the most room below it, so whole subtrees are passed over that are full,
 * in another zone, without a required trait, or cannot win. Hosts that stand together are near each
 * other in the tree.
 *
 * <p>It keeps up with its fleet by itself: what changed since it was last asked is brought in by
 * {@link #refresh}, in time proportional to what changed.
 */
public final class HostIndex {

  static final int FANOUT = 16;

  /**
   * Amounts of a resource fall into levels, each twice the one before. A node knows its best score
   * among the hosts of every level: the hosts with the best scores tend to be full, and without
   * this they would hide that nothing else below the node is worth looking at.
   */
  static final int LEVELS = 10;

  // What the levels are of: for primaries what is free, for shadows also what is not allocated.
  static final int PRIMARY_FREE_MEMORY = 0;
  static final int PRIMARY_FREE_CPU = 1;
  static final int SHADOW_FREE_MEMORY = 2;
  static final int SHADOW_ROOM_MEMORY = 3;
  static final int SHADOW_ROOM_CPU = 4;
  private static final int FAMILIES = 5;

  private static final int NOBODY = -1;

  private final HostColumns columns;
  private final TouchLog log;
  private final ToDoubleFunction<HostView> primaryScore;
  private final ToDoubleFunction<HostView> shadowScore;
  private final boolean looksAtRack;

  /** Only hosts that pass are part of the tree. */
  private final Predicate<HostView> member;

  private long seen;
  private boolean built;

  /** Positions in use; the rest are spare for hosts that join later. */
  private int used;

  private int vacant;
  int[] slotAt = new int[0];
  private int[] positionOf = new int[0];

  /** Where each level of nodes begins; level 0 holds FANOUT hosts per node. The last is the end. */
  int[] levelStart = new int[0];

  // By position.
  double[][] hostScore = new double[2][0];
  int[] hostFreeVcpus = new int[0];
  long[] hostFreeMemoryMib = new long[0];
  long[] hostFreeDiskGib = new long[0];
  int[] hostRoomVcpus = new int[0];
  long[] hostRoomMemoryMib = new long[0];
  long[] hostRoomDiskGib = new long[0];

  /** By position times orders. */
  long[] hostTie = new long[0];

  // By node.
  double[][] bestScore = new double[2][0];

  /** By family, then node times levels: the best score among hosts of at least that level. */
  double[][] bestOfLevel = new double[FAMILIES][0];

  /** By node times orders: the smallest tie rank among the hosts that have the best score. */
  long[][] bestTie = new long[2][0];

  int[] freeVcpus = new int[0];
  long[] freeMemoryMib = new long[0];
  long[] freeDiskGib = new long[0];
  int[] roomVcpus = new int[0];
  long[] roomMemoryMib = new long[0];
  long[] roomDiskGib = new long[0];
  long[] traits = new long[0];
  int[] zoneLow = new int[0];
  int[] zoneHigh = new int[0];

  private boolean[] dirtyHost = new boolean[0];
  private boolean[] dirtyNode = new boolean[0];
  private final IntList dirtyHosts = new IntList();
  private IntList dirtyNodes = new IntList();
  private IntList dirtyParents = new IntList();

  /**
   * Makes an index over all hosts; it is built when first asked.
   *
   * @param primaryScore score of a host as primary, depending on nothing but the host, and on its
   *     rack if {@code looksAtRack}
   * @param shadowScore the same as shadow
   */
  public HostIndex(
      Fleet fleet,
      ToDoubleFunction<HostView> primaryScore,
      ToDoubleFunction<HostView> shadowScore,
      boolean looksAtRack) {
    this(fleet, primaryScore, shadowScore, looksAtRack, _ -> true);
  }

  /** Makes an index over hosts that pass a test, whose answer for a host never changes. */
  public HostIndex(
      Fleet fleet,
      ToDoubleFunction<HostView> primaryScore,
      ToDoubleFunction<HostView> shadowScore,
      boolean looksAtRack,
      Predicate<HostView> member) {
    this.member = member;
    this.columns = fleet.columns();
    this.log = fleet.touched();
    this.primaryScore = primaryScore;
    this.shadowScore = shadowScore;
    this.looksAtRack = looksAtRack;
  }

  /** Brings in what changed since the last time. */
  public void refresh() {
    if (!built || log.written() - seen > TouchLog.LENGTH) {
      build();
    } else {
      for (long at = seen; at < log.written() && built; at++) {
        touch(log.slot(at));
      }
      if (!built) {
        build();
      }
    }
    seen = log.written();
    settle();
  }

  HostColumns columns() {
    return columns;
  }

  static int which(boolean shadow) {
    return shadow ? 1 : 0;
  }

  int root() {
    return levelStart[levelStart.length - 1] - 1;
  }

  int firstChild(int node, int level) {
    return level == 0 ? node * FANOUT : levelStart[level - 1] + (node - levelStart[level]) * FANOUT;
  }

  int levelOf(int node) {
    int level = 0;
    while (node >= levelStart[level + 1]) {
      level++;
    }
    return level;
  }

  /** 0 below 1 GiB, 1 below 2, 2 below 4, and so on. */
  static int memoryLevel(long mib) {
    return Math.min(LEVELS - 1, Long.SIZE - Long.numberOfLeadingZeros(mib >> 10));
  }

  /** 0 for none, 1 for one, 2 below 4, and so on. */
  static int cpuLevel(int vcpus) {
    return Math.min(LEVELS - 1, Integer.SIZE - Integer.numberOfLeadingZeros(vcpus));
  }

  // --- keeping up

  private void touch(int slot) {
    int position = slot < positionOf.length ? positionOf[slot] : NOBODY;
    boolean present = columns.view[slot] != null;
    if (!present || !member.test(columns.at(slot))) {
      if (position >= 0) {
        slotAt[position] = NOBODY;
        positionOf[slot] = NOBODY;
        vacant++;
        mark(position);
      }
      if (present && looksAtRack) {
        markRack(slot);
      }
      return;
    }
    if (position < 0) {
      position = append(slot);
      if (position < 0) {
        built = false;
        return;
      }
    }
    mark(position);
    if (looksAtRack) {
      markRack(slot);
    }
  }

  /** Free memory of one host is part of the score of all hosts in its rack. */
  private void markRack(int slot) {
    IntList mates = columns.slotsOfRack(columns.rack(slot));
    for (int i = 0; i < mates.size(); i++) {
      int mate = mates.get(i);
      int position = mate < positionOf.length ? positionOf[mate] : NOBODY;
      if (position >= 0) {
        mark(position);
      }
    }
  }

  /** A host that joins late stands at the end, away from its rack, until the next build. */
  private int append(int slot) {
    if (used == slotAt.length || slot >= positionOf.length || vacant * 4 > used) {
      return NOBODY;
    }
    int position = used++;
    slotAt[position] = slot;
    positionOf[slot] = position;
    return position;
  }

  private void mark(int position) {
    if (!dirtyHost[position]) {
      dirtyHost[position] = true;
      dirtyHosts.add(position);
    }
  }

  private void settle() {
    for (int i = 0; i < dirtyHosts.size(); i++) {
      int position = dirtyHosts.get(i);
      dirtyHost[position] = false;
      compute(position);
      markNode(position / FANOUT, dirtyNodes);
    }
    dirtyHosts.clear();
    for (int level = 0; dirtyNodes.size() > 0; level++) {
      boolean hasParents = level + 2 < levelStart.length;
      for (int i = 0; i < dirtyNodes.size(); i++) {
        int node = dirtyNodes.get(i);
        dirtyNode[node] = false;
        sum(node, level);
        if (hasParents) {
          markNode(levelStart[level + 1] + (node - levelStart[level]) / FANOUT, dirtyParents);
        }
      }
      dirtyNodes.clear();
      IntList swap = dirtyNodes;
      dirtyNodes = dirtyParents;
      dirtyParents = swap;
    }
  }

  private void markNode(int node, IntList into) {
    if (!dirtyNode[node]) {
      dirtyNode[node] = true;
      into.add(node);
    }
  }

  private void compute(int position) {
    int slot = slotAt[position];
    if (slot < 0 || !columns.at(slot).condition().acceptsPlacements()) {
      hostScore[0][position] = Double.NEGATIVE_INFINITY;
      hostScore[1][position] = Double.NEGATIVE_INFINITY;
      return;
    }
    // Also the rank: the slot may belong to another host than when last looked at.
    for (int order = 0; order < TieBreak.ORDERS; order++) {
      hostTie[position * TieBreak.ORDERS + order] = TieBreak.rank(columns.idHash[slot], order);
    }
    HostView view = columns.at(slot);
    hostScore[0][position] = primaryScore.applyAsDouble(view);
    hostScore[1][position] = shadowScore.applyAsDouble(view);
    hostFreeVcpus[position] = columns.freeVcpus(slot);
    hostFreeMemoryMib[position] = columns.freeMemoryMib(slot);
    hostFreeDiskGib[position] = columns.freeDiskGib(slot);
    hostRoomVcpus[position] = columns.roomVcpus(slot);
    hostRoomMemoryMib[position] = columns.roomMemoryMib(slot);
    hostRoomDiskGib[position] = columns.roomDiskGib(slot);
  }

  private void sum(int node, int level) {
    clear(node);
    int from = firstChild(node, level);
    int to = Math.min(from + FANOUT, level == 0 ? used : levelStart[level]);
    for (int child = from; child < to; child++) {
      if (level == 0) {
        addHost(node, child);
      } else {
        addNode(node, child);
      }
    }
  }

  private void clear(int node) {
    bestScore[0][node] = Double.NEGATIVE_INFINITY;
    bestScore[1][node] = Double.NEGATIVE_INFINITY;
    for (double[] best : bestOfLevel) {
      Arrays.fill(best, node * LEVELS, (node + 1) * LEVELS, Double.NEGATIVE_INFINITY);
    }
    freeVcpus[node] = 0;
    freeMemoryMib[node] = 0;
    freeDiskGib[node] = 0;
    roomVcpus[node] = 0;
    roomMemoryMib[node] = 0;
    roomDiskGib[node] = 0;
    traits[node] = 0;
    zoneLow[node] = Integer.MAX_VALUE;
    zoneHigh[node] = Integer.MIN_VALUE;
  }

  private void addHost(int node, int position) {
    if (hostScore[0][position] == Double.NEGATIVE_INFINITY) {
      return;
    }
    int slot = slotAt[position];
    for (int role = 0; role < 2; role++) {
      raise(role, node, hostScore[role][position], hostTie, position);
    }
    int freeMemory = memoryLevel(hostFreeMemoryMib[position]);
    addLevels(PRIMARY_FREE_MEMORY, node, freeMemory, hostScore[0][position]);
    addLevels(PRIMARY_FREE_CPU, node, cpuLevel(hostFreeVcpus[position]), hostScore[0][position]);
    addLevels(SHADOW_FREE_MEMORY, node, freeMemory, hostScore[1][position]);
    addLevels(
        SHADOW_ROOM_MEMORY, node, memoryLevel(hostRoomMemoryMib[position]), hostScore[1][position]);
    addLevels(SHADOW_ROOM_CPU, node, cpuLevel(hostRoomVcpus[position]), hostScore[1][position]);
    freeVcpus[node] = Math.max(freeVcpus[node], hostFreeVcpus[position]);
    freeMemoryMib[node] = Math.max(freeMemoryMib[node], hostFreeMemoryMib[position]);
    freeDiskGib[node] = Math.max(freeDiskGib[node], hostFreeDiskGib[position]);
    roomVcpus[node] = Math.max(roomVcpus[node], hostRoomVcpus[position]);
    roomMemoryMib[node] = Math.max(roomMemoryMib[node], hostRoomMemoryMib[position]);
    roomDiskGib[node] = Math.max(roomDiskGib[node], hostRoomDiskGib[position]);
    traits[node] |= columns.traits[slot][0];
    int zone = columns.zone(slot);
    zoneLow[node] = Math.min(zoneLow[node], zone);
    zoneHigh[node] = Math.max(zoneHigh[node], zone);
  }

  private void addNode(int node, int child) {
    for (int role = 0; role < 2; role++) {
      raise(role, node, bestScore[role][child], bestTie[role], child);
    }
    for (double[] best : bestOfLevel) {
      for (int level = 0; level < LEVELS; level++) {
        int mine = node * LEVELS + level;
        best[mine] = Math.max(best[mine], best[child * LEVELS + level]);
      }
    }
    freeVcpus[node] = Math.max(freeVcpus[node], freeVcpus[child]);
    freeMemoryMib[node] = Math.max(freeMemoryMib[node], freeMemoryMib[child]);
    freeDiskGib[node] = Math.max(freeDiskGib[node], freeDiskGib[child]);
    roomVcpus[node] = Math.max(roomVcpus[node], roomVcpus[child]);
    roomMemoryMib[node] = Math.max(roomMemoryMib[node], roomMemoryMib[child]);
    roomDiskGib[node] = Math.max(roomDiskGib[node], roomDiskGib[child]);
    traits[node] |= traits[child];
    zoneLow[node] = Math.min(zoneLow[node], zoneLow[child]);
    zoneHigh[node] = Math.max(zoneHigh[node], zoneHigh[child]);
  }

  private void addLevels(int family, int node, int upTo, double score) {
    double[] best = bestOfLevel[family];
    for (int level = 0; level <= upTo; level++) {
      int mine = node * LEVELS + level;
      best[mine] = Math.max(best[mine], score);
    }
  }

  private void raise(int role, int node, double score, long[] ties, int child) {
    double best = bestScore[role][node];
    if (score < best || score == Double.NEGATIVE_INFINITY) {
      return;
    }
    for (int order = 0; order < TieBreak.ORDERS; order++) {
      int mine = node * TieBreak.ORDERS + order;
      long tie = ties[child * TieBreak.ORDERS + order];
      bestTie[role][mine] = score > best ? tie : Math.min(bestTie[role][mine], tie);
    }
    bestScore[role][node] = score;
  }

  // --- building

  private void build() {
    List<LiveHost> hosts = new ArrayList<>(columns.count());
    for (int slot = 0; slot < columns.top(); slot++) {
      if (columns.view[slot] != null && member.test(columns.at(slot))) {
        hosts.add(columns.at(slot));
      }
    }
    hosts.sort(
        Comparator.comparing((LiveHost h) -> h.host().location().zone())
            .thenComparing(h -> h.host().location().powerFeed())
            .thenComparing(h -> h.host().location().rack())
            .thenComparing(h -> h.host().location().chassis())
            .thenComparing(h -> h.host().id()));
    allocate(Math.max(FANOUT, hosts.size() + hosts.size() / 8));
    for (LiveHost host : hosts) {
      append(host.slot());
    }
    for (int position = 0; position < used; position++) {
      mark(position);
    }
    built = true;
  }

  private void allocate(int positions) {
    levelStart = levels(positions);
    int nodes = levelStart[levelStart.length - 1];
    used = 0;
    vacant = 0;
    slotAt = new int[positions];
    positionOf = new int[columns.top() + Math.max(FANOUT, columns.top() / 8)];
    Arrays.fill(slotAt, NOBODY);
    Arrays.fill(positionOf, NOBODY);
    hostScore = new double[2][positions];
    hostFreeVcpus = new int[positions];
    hostFreeMemoryMib = new long[positions];
    hostFreeDiskGib = new long[positions];
    hostRoomVcpus = new int[positions];
    hostRoomMemoryMib = new long[positions];
    hostRoomDiskGib = new long[positions];
    hostTie = new long[positions * TieBreak.ORDERS];
    bestScore = new double[2][nodes];
    bestTie = new long[2][nodes * TieBreak.ORDERS];
    bestOfLevel = new double[FAMILIES][nodes * LEVELS];
    freeVcpus = new int[nodes];
    freeMemoryMib = new long[nodes];
    freeDiskGib = new long[nodes];
    roomVcpus = new int[nodes];
    roomMemoryMib = new long[nodes];
    roomDiskGib = new long[nodes];
    traits = new long[nodes];
    zoneLow = new int[nodes];
    zoneHigh = new int[nodes];
    for (int node = 0; node < nodes; node++) {
      clear(node);
    }
    dirtyHost = new boolean[positions];
    dirtyNode = new boolean[nodes];
    dirtyHosts.clear();
    dirtyNodes.clear();
    dirtyParents.clear();
  }

  private static int[] levels(int positions) {
    IntList starts = new IntList();
    int start = 0;
    int nodes = Math.ceilDiv(positions, FANOUT);
    starts.add(start);
    while (true) {
      start += nodes;
      starts.add(start);
      if (nodes == 1) {
        break;
      }
      nodes = Math.ceilDiv(nodes, FANOUT);
    }
    int[] result = new int[starts.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = starts.get(i);
    }
    return result;
  }
}
