package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How a group is cut into shards. With one path it is a plain stream in pieces, with no parity.
 * With P paths each carries up to g shards, k = g (P - s) of them data, so that any s paths may be
 * lost: s is one, and two when the paths' own record says that two may well go during one transfer.
 * On top come a few for the shards that the paths are known to spoil.
 *
 * <p>Paths are left out that would not help: of the fastest two, three, ... those count with which
 * the group is there soonest, a cut of the worst one weighed in.
 *
 * @param pathsLostMin how many paths may be cut at any time without a stall: 0 or 1
 * @param shardsPerPath shards of one group on each path, unless that made them too small or large
 */
public record CodeChoice(int pathsLostMin, int shardsPerPath) {

  private static final int SHARD_BYTES_MIN = 16 << 10;
  private static final int SHARD_BYTES_MAX = 256 << 10;
  private static final int SHARDS_MAX = 192;

  /** A piece of a plain stream takes about this long, so that acks tell early of a cut. */
  private static final double PIECE_NANOS = 20e6;

  /** How much the time after a cut counts, at least: cuts are what the paths are for. */
  private static final double CUT_WEIGHT = 0.1;

  /** Over this long a second path must not be likelier to go than this. */
  private static final double HORIZON_NANOS = 1e9;

  private static final double TWO_PATHS_LOST = 1e-3;

  /** Residual probability that a group loses more shards than it can, cuts aside. */
  private static final double SHARDS_LOST = 1e-4;

  public CodeChoice {
    if (pathsLostMin < 0 || pathsLostMin > 1 || shardsPerPath < 1 || shardsPerPath > 32) {
      throw new IllegalArgumentException(
          "expected 0 or 1 paths to outlive and 1..32 shards a path, not %d and %d"
              .formatted(pathsLostMin, shardsPerPath));
    }
  }

  /** Outlives any one path, with four shards on each. */
  public static CodeChoice standard() {
    return new CodeChoice(1, 4);
  }

  /** Chooses for a group of that size. */
  public Cut choose(int groupBytes, List<LaneView> lanes) {
    if (lanes.isEmpty()) {
      return new Cut(plain(groupBytes, SHARD_BYTES_MAX), lanes);
    }
    if (lanes.size() == 1) {
      return new Cut(plain(groupBytes, piece(lanes.getFirst())), lanes);
    }
    List<LaneView> ranked =
        lanes.stream()
            .sorted(Comparator.comparingDouble(lane -> lane.arrivalNanos(groupBytes / 2)))
            .toList();
    List<LaneView> chosen = fastestSet(groupBytes, ranked);
    if (pathsLostMin == 0) {
      return new Cut(unprotected(groupBytes, chosen), inOrder(chosen));
    }
    return new Cut(protectedShape(groupBytes, chosen), inOrder(chosen));
  }

  private static List<LaneView> inOrder(List<LaneView> lanes) {
    return lanes.stream().sorted(Comparator.comparingInt(LaneView::lane)).toList();
  }

  private static int piece(LaneView lane) {
    double bytes = lane.forecast().bytesPerSecond() * PIECE_NANOS / 1e9;
    return (int) Math.clamp(bytes, 2.0 * SHARD_BYTES_MIN, SHARD_BYTES_MAX);
  }

  private static CodeShape plain(int groupBytes, int pieceBytes) {
    return new CodeShape(Math.clamp(Math.ceilDiv(groupBytes, pieceBytes), 1, SHARDS_MAX), 0);
  }

  private CodeShape unprotected(int groupBytes, List<LaneView> chosen) {
    int data = chosen.size() * perPath(groupBytes, chosen.size());
    double loss = worstLoss(chosen);
    return new CodeShape(data, spare(data, 0, loss));
  }

  private CodeShape protectedShape(int groupBytes, List<LaneView> chosen) {
    int paths = chosen.size();
    int outlive = paths >= 3 && twoMayGo(chosen) ? 2 : 1;
    int perPath = perPath(groupBytes, paths - outlive);
    while (perPath > 1 && perPath * paths > SHARDS_MAX) {
      perPath--;
    }
    int data = perPath * (paths - outlive);
    return new CodeShape(data, spare(data, perPath * outlive, worstLoss(chosen)));
  }

  private int perPath(int groupBytes, int dataPaths) {
    int smallest = Math.max(1, groupBytes / (dataPaths * SHARD_BYTES_MIN));
    int largest = Math.ceilDiv(groupBytes, dataPaths * SHARD_BYTES_MAX);
    return Math.max(1, Math.max(Math.min(shardsPerPath, smallest), largest));
  }

  private static boolean twoMayGo(List<LaneView> lanes) {
    double none = 1;
    double oneAtMost = 0;
    for (LaneView lane : lanes) {
      double stays = lane.forecast().survival(HORIZON_NANOS);
      oneAtMost = oneAtMost * stays + none * (1 - stays);
      none *= stays;
    }
    return 1 - none - oneAtMost > TWO_PATHS_LOST;
  }

  private static double worstLoss(List<LaneView> lanes) {
    return lanes.stream().mapToDouble(lane -> lane.forecast().lossShare()).max().orElse(0);
  }

  /** The fewest parity shards, from a minimum on, that leave too little chance of one loss more. */
  private static int spare(int data, int least, double loss) {
    int parity = least;
    while (data + parity < SHARDS_MAX
        && moreThan(parity - least, data + parity, loss) > SHARDS_LOST) {
      parity++;
    }
    return parity;
  }

  /** Probability that of so many shards more than some are spoilt. */
  private static double moreThan(int some, int shards, double loss) {
    double term = Math.pow(1 - loss, shards);
    double within = term;
    for (int i = 1; i <= some; i++) {
      term *= loss / (1 - loss) * (shards - i + 1) / i;
      within += term;
    }
    return 1 - within;
  }

  private List<LaneView> fastestSet(int bytes, List<LaneView> ranked) {
    return IntStream.rangeClosed(2, ranked.size())
        .mapToObj(count -> ranked.subList(0, count))
        .min(Comparator.comparingDouble(lanes -> cost(bytes, lanes)))
        .orElse(ranked);
  }

  private double cost(int bytes, List<LaneView> lanes) {
    double share = pathsLostMin == 0 ? bytes : (double) bytes / (lanes.size() - 1);
    double cut = 0;
    if (pathsLostMin > 0) {
      for (int without = 0; without < lanes.size(); without++) {
        cut = Math.max(cut, time(bytes, share, lanes, without));
      }
    }
    return time(bytes, share, lanes, lanes.size()) + CUT_WEIGHT * cut;
  }

  /** When all paths together have carried the bytes, each no more than its share. */
  private static double time(int bytes, double share, List<LaneView> lanes, int without) {
    double low = 0;
    double high = lanes.stream().mapToDouble(lane -> lane.arrivalNanos(bytes)).max().orElse(0);
    for (int i = 0; i < 40; i++) {
      double middle = (low + high) / 2;
      if (carried(middle, share, lanes, without) >= bytes) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
  }

  private static double carried(double nanos, double share, List<LaneView> lanes, int without) {
    double sum = 0;
    for (int i = 0; i < lanes.size(); i++) {
      LaneView lane = lanes.get(i);
      double busy = nanos - lane.arrivalNanos(0);
      if (i != without && busy > 0) {
        sum += Math.min(share, busy * lane.forecast().bytesPerSecond() / 1e9);
      }
    }
    return sum;
  }

  /**
   * A code and the paths it is for.
   *
   * @param lanes paths to use, in the order of their numbers
   */
  public record Cut(CodeShape shape, List<LaneView> lanes) {

    public Cut {
      lanes = List.copyOf(lanes);
    }

    /** How many shards of the group one path may carry. */
    public int shardsPerLaneMax() {
      return shape.parity() == 0 ? shape.total() : shape.parity();
    }
  }
}
