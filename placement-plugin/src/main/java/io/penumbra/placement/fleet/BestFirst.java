package io.penumbra.placement.fleet;

import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.placement.PlacementRequest;
import java.util.Arrays;

/**
 * Walks a {@link HostIndex} best first: each call of {@link #next} yields the best host that is
 * left (highest score, then tie rank, then id). Branch and bound: a heap holds subtrees by the best
 * score they could contain, hosts by the best score they could have, and judged hosts by the score
 * they do have; the top of the heap, once it is a judged host, can be beaten by nothing below.
 *
 * <p>Used again for every search, so that a decision allocates nothing here.
 */
public final class BestFirst {

  /** Says whether a host may be used and what its score is in full. */
  public interface Judge {
    boolean passes(HostView host);

    /** The full score of a host whose indexed part is {@code indexed}. */
    double score(double indexed, HostView host);

    /** At least the full score of every host whose indexed part is at most {@code indexed}. */
    double most(double indexed);
  }

  private static final int NODE = 0;
  private static final int HOST = 1;
  private static final int JUDGED = 2;
  private static final int KIND_SHIFT = 29;
  private static final int ITEM_MASK = (1 << KIND_SHIFT) - 1;

  /** No host has this zone or trait. */
  private static final int NOWHERE = -2;

  private static final int ANYWHERE = -1;

  private HostIndex index;

  private double[] key = new double[256];
  private long[] tie = new long[256];
  private int[] item = new int[256];
  private int size;

  private int role;
  private int order;
  private int vcpus;
  private long memoryMib;
  private long diskGib;
  private int wholeVcpus;
  private long wholeMemoryMib;
  private long wholeDiskGib;
  private int freeMemoryLevel;
  private int freeCpuLevel;
  private int roomMemoryLevel;
  private int roomCpuLevel;
  private int zone;
  private long traits;
  private double score;
  private int position;
  private int checked;
  private int opened;

  public BestFirst(HostIndex index) {
    this.index = index;
  }

  /**
   * Starts a search.
   *
   * @param among the index to search from now on
   * @param shadow whether hosts are looked at as shadow hosts
   * @param needed what must be free on the host
   * @param whole what must not be allocated outright on the host (for a shadow its whole size: part
   *     of it may be reserve that is held already)
   */
  public void start(
      HostIndex among,
      PlacementRequest request,
      boolean shadow,
      Resources needed,
      Resources whole,
      Judge judge) {
    index = among;
    size = 0;
    role = HostIndex.which(shadow);
    order = TieBreak.orderOf(request.seed());
    vcpus = needed.vcpus();
    memoryMib = needed.memoryMib();
    diskGib = needed.diskGib();
    wholeVcpus = whole.vcpus();
    wholeMemoryMib = whole.memoryMib();
    wholeDiskGib = whole.diskGib();
    freeMemoryLevel = HostIndex.memoryLevel(memoryMib);
    freeCpuLevel = HostIndex.cpuLevel(vcpus);
    roomMemoryLevel = HostIndex.memoryLevel(wholeMemoryMib);
    roomCpuLevel = HostIndex.cpuLevel(wholeVcpus);
    zone = shadow ? ANYWHERE : zoneOf(request);
    traits = 0;
    for (int i = 0; i < request.requiredTraits().size(); i++) {
      int trait = index.columns().traitId(request.requiredTraits().get(i));
      if (trait < 0) {
        zone = NOWHERE;
      } else if (trait < Long.SIZE) {
        traits |= 1L << trait;
      }
    }
    if (zone != NOWHERE && index.columns().count() > 0 && mayHold(index.root())) {
      pushNode(index.root(), judge);
    }
  }

  private int zoneOf(PlacementRequest request) {
    if (request.zone().isEmpty()) {
      return ANYWHERE;
    }
    int id = index.columns().domainId(DomainKind.ZONE, request.zone().get());
    return id < 0 ? NOWHERE : id;
  }

  /**
   * At least the score of every host that the search could still yield, from room and index alone;
   * negative infinity when there is none.
   */
  public double bound(Judge judge) {
    while (size > 0 && item[0] >>> KIND_SHIFT == NODE) {
      int node = item[0] & ITEM_MASK;
      pop();
      open(node, judge);
    }
    return size == 0 ? Double.NEGATIVE_INFINITY : key[0];
  }

  /** Goes to the best host that is left; false when there is none. */
  public boolean next(Judge judge) {
    while (size > 0) {
      double topKey = key[0];
      long topTie = tie[0];
      int kind = item[0] >>> KIND_SHIFT;
      int what = item[0] & ITEM_MASK;
      pop();
      if (kind == NODE) {
        open(what, judge);
      } else if (kind == HOST) {
        judge(what, topTie, judge);
      } else {
        score = topKey;
        position = what;
        return true;
      }
    }
    return false;
  }

  /** The host that {@link #next} went to. */
  public HostView host() {
    return index.columns().at(index.slotAt[position]);
  }

  /** The full score of {@link #host}. */
  public double score() {
    return score;
  }

  /** Starts counting the effort again. */
  public void resetEffort() {
    checked = 0;
    opened = 0;
  }

  /** Hosts judged since the effort was last reset. */
  public int checked() {
    return checked;
  }

  /** Nodes opened since the effort was last reset. */
  public int opened() {
    return opened;
  }

  private void judge(int at, long rank, Judge judge) {
    HostView host = index.columns().at(index.slotAt[at]);
    checked++;
    if (judge.passes(host)) {
      push(judge.score(index.hostScore[role][at], host), rank, at | JUDGED << KIND_SHIFT);
    }
  }

  private void open(int node, Judge judge) {
    opened++;
    int level = index.levelOf(node);
    int from = index.firstChild(node, level);
    if (level > 0) {
      int to = Math.min(from + HostIndex.FANOUT, index.levelStart[level]);
      for (int child = from; child < to; child++) {
        if (mayHold(child)) {
          pushNode(child, judge);
        }
      }
      return;
    }
    int to = Math.min(from + HostIndex.FANOUT, index.slotAt.length);
    for (int at = from; at < to; at++) {
      if (mayTake(at)) {
        push(
            judge.most(index.hostScore[role][at]),
            index.hostTie[at * TieBreak.ORDERS + order],
            at | HOST << KIND_SHIFT);
      }
    }
  }

  /** Whether some host below the node could take it, as far as the node knows. */
  private boolean mayHold(int node) {
    return best(node) > Double.NEGATIVE_INFINITY
        && vcpus <= index.freeVcpus[node]
        && memoryMib <= index.freeMemoryMib[node]
        && diskGib <= index.freeDiskGib[node]
        && wholeVcpus <= index.roomVcpus[node]
        && wholeMemoryMib <= index.roomMemoryMib[node]
        && wholeDiskGib <= index.roomDiskGib[node]
        && (traits & ~index.traits[node]) == 0
        && (zone == ANYWHERE || (zone >= index.zoneLow[node] && zone <= index.zoneHigh[node]));
  }

  private boolean mayTake(int at) {
    return index.slotAt[at] >= 0
        && index.hostScore[role][at] > Double.NEGATIVE_INFINITY
        && vcpus <= index.hostFreeVcpus[at]
        && memoryMib <= index.hostFreeMemoryMib[at]
        && diskGib <= index.hostFreeDiskGib[at]
        && wholeVcpus <= index.hostRoomVcpus[at]
        && wholeMemoryMib <= index.hostRoomMemoryMib[at]
        && wholeDiskGib <= index.hostRoomDiskGib[at];
  }

  /** At least the indexed score of every host below the node that has the room. */
  private double best(int node) {
    int at = node * HostIndex.LEVELS;
    double[][] best = index.bestOfLevel;
    if (role == 0) {
      return Math.min(
          best[HostIndex.PRIMARY_FREE_MEMORY][at + freeMemoryLevel],
          best[HostIndex.PRIMARY_FREE_CPU][at + freeCpuLevel]);
    }
    return Math.min(
        best[HostIndex.SHADOW_FREE_MEMORY][at + freeMemoryLevel],
        Math.min(
            best[HostIndex.SHADOW_ROOM_MEMORY][at + roomMemoryLevel],
            best[HostIndex.SHADOW_ROOM_CPU][at + roomCpuLevel]));
  }

  private void pushNode(int node, Judge judge) {
    double indexed = best(node);
    double most = judge.most(indexed);
    // The rank is kept for the node's very best hosts. It says nothing when those are out of the
    // question, or when more can be added to a score and a host with less may draw level.
    boolean ranked = most == indexed && indexed == index.bestScore[role][node];
    push(
        most,
        ranked ? index.bestTie[role][node * TieBreak.ORDERS + order] : Long.MIN_VALUE,
        node | NODE << KIND_SHIFT);
  }

  // --- the heap, largest first

  private void push(double k, long t, int i) {
    if (size == key.length) {
      key = Arrays.copyOf(key, size * 2);
      tie = Arrays.copyOf(tie, size * 2);
      item = Arrays.copyOf(item, size * 2);
    }
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (!before(k, t, i, parent)) {
        break;
      }
      move(parent, at);
      at = parent;
    }
    put(at, k, t, i);
  }

  private void pop() {
    size--;
    double k = key[size];
    long t = tie[size];
    int i = item[size];
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && before(key[child + 1], tie[child + 1], item[child + 1], child)) {
        child++;
      }
      if (before(k, t, i, child)) {
        break;
      }
      move(child, at);
      at = child;
    }
    put(at, k, t, i);
  }

  private void put(int at, double k, long t, int i) {
    key[at] = k;
    tie[at] = t;
    item[at] = i;
  }

  private void move(int from, int to) {
    put(to, key[from], tie[from], item[from]);
  }

  private boolean before(double k, long t, int i, int other) {
    if (k != key[other]) {
      return k > key[other];
    }
    if (t != tie[other]) {
      return t < tie[other];
    }
    int mine = i >>> KIND_SHIFT;
    int theirs = item[other] >>> KIND_SHIFT;
    if (mine != theirs || mine == NODE) {
      return mine < theirs;
    }
    return index
            .columns()
            .at(index.slotAt[i & ITEM_MASK])
            .host()
            .id()
            .compareTo(index.columns().at(index.slotAt[item[other] & ITEM_MASK]).host().id())
        < 0;
  }
}
