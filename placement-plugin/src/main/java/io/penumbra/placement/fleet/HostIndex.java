package io.penumbra.placement.fleet;

import io.penumbra.domain.fleet.Host;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A tree over the hosts that yields them best first without looking at all of them. Every node
 * knows the best score and the most room below it, so whole subtrees are passed over that are full,
 * in another zone, without a required trait, or cannot win.
 *
 * <p>The racks of a zone are ordered by what their hosts are made of, so that most subtrees hold
 * hosts of one kind: what all of them have in common with a primary counts against the subtree as a
 * whole. Hosts of one rack stay together, because its free room is part of the scores of all.
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
  static final int PRIMARY_FREE_CPU = LEVELS;
  static final int SHADOW_FREE_MEMORY = 2 * LEVELS;
  static final int SHADOW_ROOM_MEMORY = 3 * LEVELS;
  static final int SHADOW_ROOM_CPU = 4 * LEVELS;

  /** Numbers per node: five families of levels. */
  static final int BESTS = 5 * LEVELS;

  private static final int NOBODY = -1;

  // No host has these values of an attribute.
  private static final int NO_VALUE = Integer.MIN_VALUE;
  private static final int SEVERAL_VALUES = Integer.MAX_VALUE;

  private final HostColumns columns;
  private final TouchLog log;
  private final ScoreTerms terms;
  private final boolean looksAtRack;

  private final HostAttribute[] known;

  /** Only hosts that pass are part of the tree. */
  private final Predicate<HostView> member;

  private long seen;
  private boolean built;

  /** Positions in use; the rest are spare for hosts that join later. */
  private int used;

  private int vacant;
  int[] slotAt = new int[0];

  /** Who stood at a position when it was last looked at; a slot may have gone to another host. */
  private @Nullable LiveHost[] hostAt = new LiveHost[0];

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

  /** By position times terms. */
  private double[] hostTerm = new double[0];

  /** By position times known attributes. */
  int[] hostValue = new int[0];

  /** By position times orders. */
  long[] hostTie = new long[0];

  // By node.
  double[][] bestScore = new double[2][0];

  /** By node times known attributes: the value that all its hosts have, if it is one. */
  int[] onlyValue = new int[0];

  /** By node times {@link #BESTS}: the best score among hosts of at least that level. */
  double[] bestOfLevel = new double[0];

  /** The same for the node that is being summed up. */
  private final double[] best = new double[BESTS];

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

  private static final byte CLEAN = 0;
  private static final byte RACK_CHANGED = 1;
  private static final byte CHANGED = 2;

  private byte[] dirtyHost = new byte[0];

  /** Nodes below which hosts came or went. */
  private boolean[] restaffed = new boolean[0];

  private boolean[] dirtyNode = new boolean[0];
  private final IntList dirtyHosts = new IntList();
  private IntList dirtyNodes = new IntList();
  private IntList dirtyParents = new IntList();

  /**
   * Makes an index; it is built when first asked.
   *
   * @param known attributes by which hosts are told apart when a pair is scored
   * @param member only hosts that pass are part of it; the answer for a host never changes
   */
  public HostIndex(
      Fleet fleet, ScoreTerms terms, List<HostAttribute> known, Predicate<HostView> member) {
    this.known = known.toArray(HostAttribute[]::new);
    this.member = member;
    this.columns = fleet.columns();
    this.log = fleet.touched();
    this.terms = terms;
    this.looksAtRack = IntStream.range(0, terms.count()).anyMatch(terms::looksAtRack);
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

  HostAttribute[] known() {
    return known;
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
        mark(position, CHANGED);
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
    mark(position, CHANGED);
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
        mark(position, RACK_CHANGED);
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

  private void mark(int position, byte how) {
    if (dirtyHost[position] == CLEAN) {
      dirtyHosts.add(position);
    }
    if (how > dirtyHost[position]) {
      dirtyHost[position] = how;
    }
  }

  private void settle() {
    for (int i = 0; i < dirtyHosts.size(); i++) {
      int position = dirtyHosts.get(i);
      if (dirtyHost[position] == RACK_CHANGED) {
        computeOfRack(position);
      } else {
        restaff(position);
        compute(position);
      }
      dirtyHost[position] = CLEAN;
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

  /** Notes it when another host stands here than before, or none. */
  private void restaff(int position) {
    LiveHost now = slotAt[position] < 0 ? null : columns.view[slotAt[position]];
    if (hostAt[position] == now) {
      return;
    }
    hostAt[position] = now;
    identify(position);
    int node = position / FANOUT;
    restaffed[node] = true;
    for (int level = 0; level + 2 < levelStart.length; level++) {
      node = levelStart[level + 1] + (node - levelStart[level]) / FANOUT;
      restaffed[node] = true;
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
    HostView view = columns.at(slot);
    for (int i = 0; i < terms.count(); i++) {
      hostTerm[position * terms.count() + i] = terms.term(i, view);
    }
    addUp(position);
    hostFreeVcpus[position] = columns.freeVcpus(slot);
    hostFreeMemoryMib[position] = columns.freeMemoryMib(slot);
    hostFreeDiskGib[position] = columns.freeDiskGib(slot);
    hostRoomVcpus[position] = columns.roomVcpus(slot);
    hostRoomMemoryMib[position] = columns.roomMemoryMib(slot);
    hostRoomDiskGib[position] = columns.roomDiskGib(slot);
  }

  /** The same when nothing but other hosts of the rack changed. */
  private void computeOfRack(int position) {
    if (hostScore[0][position] > Double.NEGATIVE_INFINITY) {
      HostView view = columns.at(slotAt[position]);
      for (int i = 0; i < terms.count(); i++) {
        if (terms.looksAtRack(i)) {
          hostTerm[position * terms.count() + i] = terms.term(i, view);
        }
      }
      addUp(position);
    }
  }

  private void addUp(int position) {
    int from = position * terms.count();
    hostScore[0][position] = terms.score(false, hostTerm, from);
    hostScore[1][position] = terms.score(true, hostTerm, from);
  }

  /** What does not change while the host stands here. */
  private void identify(int position) {
    int slot = slotAt[position];
    if (slot >= 0) {
      for (int order = 0; order < TieBreak.ORDERS; order++) {
        hostTie[position * TieBreak.ORDERS + order] = TieBreak.rank(columns.idHash[slot], order);
      }
      for (int i = 0; i < known.length; i++) {
        hostValue[position * known.length + i] = columns.attributeOf(slot, known[i]);
      }
    }
  }

  // --- what nodes know

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
    if (level == 0) {
      // So far a host counts for its own level only; it also has what the lower ones ask for.
      for (int i = BESTS - 2; i >= 0; i--) {
        if ((i + 1) % LEVELS != 0) {
          best[i] = Math.max(best[i], best[i + 1]);
        }
      }
    }
    System.arraycopy(best, 0, bestOfLevel, node * BESTS, BESTS);
    if (restaffed[node]) {
      restaffed[node] = false;
      describe(node, level, from, to);
    }
  }

  private void clear(int node) {
    Arrays.fill(best, Double.NEGATIVE_INFINITY);
    bestScore[0][node] = Double.NEGATIVE_INFINITY;
    bestScore[1][node] = Double.NEGATIVE_INFINITY;
    freeVcpus[node] = 0;
    freeMemoryMib[node] = 0;
    freeDiskGib[node] = 0;
    roomVcpus[node] = 0;
    roomMemoryMib[node] = 0;
    roomDiskGib[node] = 0;
  }

  private void addHost(int node, int position) {
    double primary = hostScore[0][position];
    double shadow = hostScore[1][position];
    if (primary == Double.NEGATIVE_INFINITY) {
      return;
    }
    raise(0, node, primary, hostTie, position);
    raise(1, node, shadow, hostTie, position);
    int freeMemory = memoryLevel(hostFreeMemoryMib[position]);
    raise(PRIMARY_FREE_MEMORY + freeMemory, primary);
    raise(PRIMARY_FREE_CPU + cpuLevel(hostFreeVcpus[position]), primary);
    raise(SHADOW_FREE_MEMORY + freeMemory, shadow);
    raise(SHADOW_ROOM_MEMORY + memoryLevel(hostRoomMemoryMib[position]), shadow);
    raise(SHADOW_ROOM_CPU + cpuLevel(hostRoomVcpus[position]), shadow);
    freeVcpus[node] = Math.max(freeVcpus[node], hostFreeVcpus[position]);
    freeMemoryMib[node] = Math.max(freeMemoryMib[node], hostFreeMemoryMib[position]);
    freeDiskGib[node] = Math.max(freeDiskGib[node], hostFreeDiskGib[position]);
    roomVcpus[node] = Math.max(roomVcpus[node], hostRoomVcpus[position]);
    roomMemoryMib[node] = Math.max(roomMemoryMib[node], hostRoomMemoryMib[position]);
    roomDiskGib[node] = Math.max(roomDiskGib[node], hostRoomDiskGib[position]);
  }

  private void addNode(int node, int child) {
    if (bestScore[0][child] == Double.NEGATIVE_INFINITY) {
      return;
    }
    raise(0, node, bestScore[0][child], bestTie[0], child);
    raise(1, node, bestScore[1][child], bestTie[1], child);
    for (int i = 0; i < BESTS; i++) {
      best[i] = Math.max(best[i], bestOfLevel[child * BESTS + i]);
    }
    freeVcpus[node] = Math.max(freeVcpus[node], freeVcpus[child]);
    freeMemoryMib[node] = Math.max(freeMemoryMib[node], freeMemoryMib[child]);
    freeDiskGib[node] = Math.max(freeDiskGib[node], freeDiskGib[child]);
    roomVcpus[node] = Math.max(roomVcpus[node], roomVcpus[child]);
    roomMemoryMib[node] = Math.max(roomMemoryMib[node], roomMemoryMib[child]);
    roomDiskGib[node] = Math.max(roomDiskGib[node], roomDiskGib[child]);
  }

  private void raise(int at, double score) {
    if (score > best[at]) {
      best[at] = score;
    }
  }

  private void raise(int role, int node, double score, long[] ties, int child) {
    double most = bestScore[role][node];
    if (score < most) {
      return;
    }
    for (int order = 0; order < TieBreak.ORDERS; order++) {
      int mine = node * TieBreak.ORDERS + order;
      long tie = ties[child * TieBreak.ORDERS + order];
      bestTie[role][mine] = score > most ? tie : Math.min(bestTie[role][mine], tie);
    }
    bestScore[role][node] = score;
  }

  /** What hosts are, in service or not; it changes only when hosts come or go. */
  private void describe(int node, int level, int from, int to) {
    traits[node] = 0;
    zoneLow[node] = Integer.MAX_VALUE;
    zoneHigh[node] = Integer.MIN_VALUE;
    Arrays.fill(onlyValue, node * known.length, (node + 1) * known.length, NO_VALUE);
    for (int child = from; child < to; child++) {
      if (level > 0) {
        traits[node] |= traits[child];
        zoneLow[node] = Math.min(zoneLow[node], zoneLow[child]);
        zoneHigh[node] = Math.max(zoneHigh[node], zoneHigh[child]);
        addValues(node, onlyValue, child);
      } else if (slotAt[child] >= 0) {
        int zone = columns.zone(slotAt[child]);
        traits[node] |= columns.traits[slotAt[child]][0];
        zoneLow[node] = Math.min(zoneLow[node], zone);
        zoneHigh[node] = Math.max(zoneHigh[node], zone);
        addValues(node, hostValue, child);
      }
    }
  }

  private void addValues(int node, int[] values, int child) {
    for (int i = 0; i < known.length; i++) {
      int mine = node * known.length + i;
      int value = values[child * known.length + i];
      if (onlyValue[mine] == NO_VALUE) {
        onlyValue[mine] = value;
      } else if (value != NO_VALUE && onlyValue[mine] != value) {
        onlyValue[mine] = SEVERAL_VALUES;
      }
    }
  }

  // --- building

  private void build() {
    List<LiveHost> hosts = new ArrayList<>(columns.count());
    for (int slot = 0; slot < columns.top(); slot++) {
      if (columns.view[slot] != null && member.test(columns.at(slot))) {
        hosts.add(columns.at(slot));
      }
    }
    hosts.sort(order(hosts));
    allocate(Math.max(FANOUT, hosts.size() + hosts.size() / 8));
    for (LiveHost host : hosts) {
      append(host.slot());
    }
    for (int position = 0; position < used; position++) {
      mark(position, CHANGED);
    }
    built = true;
  }

  private static Comparator<LiveHost> order(List<LiveHost> hosts) {
    Map<String, LiveHost> firstOfRack = new HashMap<>(); // looked up, never iterated
    for (LiveHost host : hosts) {
      firstOfRack.merge(
          host.host().location().rack(),
          host,
          (one, other) -> one.host().id().compareTo(other.host().id()) < 0 ? one : other);
    }
    Function<LiveHost, Host> rackMate =
        host -> firstOfRack.getOrDefault(host.host().location().rack(), host).host();
    return Comparator.comparing((LiveHost h) -> h.host().location().zone())
        .thenComparing(h -> rackMate.apply(h).hardware().cpuGeneration())
        .thenComparingInt(h -> HostColumns.cohort(rackMate.apply(h)))
        .thenComparing(h -> rackMate.apply(h).hardware().firmware())
        .thenComparing(h -> h.host().location().powerFeed())
        .thenComparing(h -> h.host().location().rack())
        .thenComparing(h -> h.host().location().chassis())
        .thenComparing(h -> h.host().id());
  }

  private void allocate(int positions) {
    levelStart = levels(positions);
    int nodes = levelStart[levelStart.length - 1];
    used = 0;
    vacant = 0;
    slotAt = new int[positions];
    positionOf = new int[columns.top() + Math.max(FANOUT, columns.top() / 8)];
    hostAt = new LiveHost[positions];
    Arrays.fill(slotAt, NOBODY);
    Arrays.fill(positionOf, NOBODY);
    hostScore = new double[2][positions];
    hostTerm = new double[positions * terms.count()];
    hostFreeVcpus = new int[positions];
    hostFreeMemoryMib = new long[positions];
    hostFreeDiskGib = new long[positions];
    hostRoomVcpus = new int[positions];
    hostRoomMemoryMib = new long[positions];
    hostRoomDiskGib = new long[positions];
    hostValue = new int[positions * known.length];
    hostTie = new long[positions * TieBreak.ORDERS];
    bestScore = new double[2][nodes];
    bestTie = new long[2][nodes * TieBreak.ORDERS];
    bestOfLevel = new double[nodes * BESTS];
    freeVcpus = new int[nodes];
    freeMemoryMib = new long[nodes];
    freeDiskGib = new long[nodes];
    roomVcpus = new int[nodes];
    roomMemoryMib = new long[nodes];
    roomDiskGib = new long[nodes];
    traits = new long[nodes];
    zoneLow = new int[nodes];
    zoneHigh = new int[nodes];
    onlyValue = new int[nodes * known.length];
    Arrays.fill(bestOfLevel, Double.NEGATIVE_INFINITY);
    Arrays.fill(bestScore[0], Double.NEGATIVE_INFINITY);
    Arrays.fill(bestScore[1], Double.NEGATIVE_INFINITY);
    Arrays.fill(zoneLow, Integer.MAX_VALUE);
    Arrays.fill(zoneHigh, Integer.MIN_VALUE);
    Arrays.fill(onlyValue, NO_VALUE);
    restaffed = new boolean[nodes];
    dirtyHost = new byte[positions];
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
