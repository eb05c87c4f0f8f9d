package io.penumbra.placement.fleet;

import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.placement.PlacementRequest;
import java.util.Arrays;
import java.util.List;

/**
 * Walks a {@link HostIndex} best first: each call of {@link #next} yields the best host that is
 * left (highest score, then tie rank, then id). Branch and bound: a heap holds subtrees by the best
 * score they could contain, and hosts by the score they have; the top of the heap, once it is a
 * host that may be used, can be beaten by nothing below.
 *
 * <p>Used again for every search, so that a decision allocates nothing here.
 */
public final class BestFirst {

  /** Says whether a host may be used and what its score is in full. */
  public interface Judge {
    boolean passes(HostView host);

    /**
     * The full score of a host.
     *
     * @param indexed its indexed part
     * @param alike what it has in common with the companions: bit c * n + i is set when its value
     *     of the i-th of the n attributes that the index knows is that of companion c. Of
     *     companions for which there are no bits left nothing is said.
     */
    double score(double indexed, HostView host, long alike);

    /**
     * At least the full score of every host whose indexed part is at most {@code indexed} and that
     * has at least {@code alike} in common with the companions.
     */
    double most(double indexed, long alike);
  }

  private static final int NODE = 0;
  private static final int HOST = 1;
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

  /** The companions' values of the attributes that the index knows, companion by companion. */
  private int[] values = new int[8];

  private int valueCount;

  /** What all hosts have in common with the companions. */
  private long common;

  /** Whether hosts are looked at as if they had nothing but that in common. */
  private boolean rough;

  private double floor;
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
   * @param companions hosts that already hold an instance of the VM
   */
  public void start(
      HostIndex among,
      PlacementRequest request,
      boolean shadow,
      Resources needed,
      Resources whole,
      List<HostView> companions,
      Judge judge) {
    rough = false;
    begin(among, request, shadow, needed, whole, companions, judge);
  }

  /**
   * At least the score of every host that such a search could yield, whichever hosts the companions
   * are, from room and index alone; negative infinity when there is none. Ends the search before.
   */
  public double bound(
      HostIndex among,
      PlacementRequest request,
      boolean shadow,
      Resources needed,
      Resources whole,
      List<HostView> companions,
      Judge judge) {
    rough = true;
    begin(among, request, shadow, needed, whole, companions, judge);
    while (size > 0 && item[0] >>> KIND_SHIFT == NODE) {
      int node = item[0] & ITEM_MASK;
      pop();
      open(node, judge);
    }
    return size == 0 ? Double.NEGATIVE_INFINITY : key[0];
  }

  private void begin(
      HostIndex among,
      PlacementRequest request,
      boolean shadow,
      Resources needed,
      Resources whole,
      List<HostView> companions,
      Judge judge) {
    index = among;
    size = 0;
    floor = Double.NEGATIVE_INFINITY;
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
    takeValues(companions);
    common = index.columns().count() > 0 ? alike(index.onlyValue, index.root()) : 0;
    if (zone != NOWHERE && index.columns().count() > 0) {
      pushNode(index.root(), judge);
    }
  }

  private void takeValues(List<HostView> companions) {
    HostAttribute[] known = index.known();
    int counted = known.length == 0 ? 0 : Math.min(companions.size(), Long.SIZE / known.length);
    valueCount = counted * known.length;
    if (valueCount > values.length) {
      values = new int[valueCount];
    }
    for (int c = 0, at = 0; c < counted; c++) {
      for (HostAttribute attribute : known) {
        values[at++] = index.columns().attributeOf(companions.get(c), attribute);
      }
    }
  }

  /** What a host, or all hosts below a node, have in common with the companions. */
  private long alike(int[] column, int row) {
    int n = index.known().length;
    long bits = 0;
    for (int at = 0, from = row * n; at < valueCount; from -= n) {
      for (int i = 0; i < n; i++, at++, from++) {
        if (column[from] == values[at]) {
          bits |= 1L << at;
        }
      }
    }
    return bits;
  }

  private int zoneOf(PlacementRequest request) {
    if (request.zone().isEmpty()) {
      return ANYWHERE;
    }
    int id = index.columns().domainId(DomainKind.ZONE, request.zone().get());
    return id < 0 ? NOWHERE : id;
  }

  /** Goes to the best host that is left; false when there is none. */
  public boolean next(Judge judge) {
    return next(judge, Double.NEGATIVE_INFINITY);
  }

  /** The same, as long as its score is above {@code floor}; what is not is of no interest. */
  public boolean next(Judge judge, double least) {
    floor = least;
    while (size > 0 && key[0] > floor) {
      double topKey = key[0];
      int kind = item[0] >>> KIND_SHIFT;
      int what = item[0] & ITEM_MASK;
      pop();
      if (kind == NODE) {
        open(what, judge);
      } else if (judge(what, judge)) {
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

  private boolean judge(int at, Judge judge) {
    checked++;
    return judge.passes(index.columns().at(index.slotAt[at]));
  }

  private void open(int node, Judge judge) {
    opened++;
    int level = index.levelOf(node);
    int from = index.firstChild(node, level);
    if (level > 0) {
      int to = Math.min(from + HostIndex.FANOUT, index.levelStart[level]);
      for (int child = from; child < to; child++) {
        pushNode(child, judge);
      }
      return;
    }
    int to = Math.min(from + HostIndex.FANOUT, index.slotAt.length);
    for (int at = from; at < to; at++) {
      if (mayTake(at)) {
        pushHost(at, judge);
      }
    }
  }

  /** Whether some host below the node could take it, as far as the node knows. */
  private boolean mayHold(int node) {
    return vcpus <= index.freeVcpus[node]
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
    int at = node * HostIndex.BESTS;
    double[] best = index.bestOfLevel;
    if (role == 0) {
      return Math.min(
          best[at + HostIndex.PRIMARY_FREE_MEMORY + freeMemoryLevel],
          best[at + HostIndex.PRIMARY_FREE_CPU + freeCpuLevel]);
    }
    return Math.min(
        best[at + HostIndex.SHADOW_FREE_MEMORY + freeMemoryLevel],
        Math.min(
            best[at + HostIndex.SHADOW_ROOM_MEMORY + roomMemoryLevel],
            best[at + HostIndex.SHADOW_ROOM_CPU + roomCpuLevel]));
  }

  private void pushHost(int at, Judge judge) {
    double indexed = index.hostScore[role][at];
    double full =
        rough
            ? judge.most(indexed, common)
            : judge.score(
                indexed, index.columns().at(index.slotAt[at]), alike(index.hostValue, at));
    if (full > floor) {
      push(full, index.hostTie[at * TieBreak.ORDERS + order], at | HOST << KIND_SHIFT);
    }
  }

  private void pushNode(int node, Judge judge) {
    double indexed = best(node);
    if (indexed == Double.NEGATIVE_INFINITY || !mayHold(node)) {
      return;
    }
    long alike = rough ? common : alike(index.onlyValue, node);
    double most = judge.most(indexed, alike);
    if (most <= floor) {
      return;
    }
    // The rank is kept for the node's very best hosts. It says nothing when those are out of the
    // question, or when a host with less may draw level by rounding.
    boolean ranked =
        indexed == index.bestScore[role][node] && judge.most(Math.nextDown(indexed), alike) < most;
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
