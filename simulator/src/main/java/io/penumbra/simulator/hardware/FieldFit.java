package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.HardwareLaws.CauseLaw;
import io.penumbra.simulator.scenario.HardwareLaws.HostLaws;
import io.penumbra.simulator.scenario.Mistake;
import io.penumbra.simulator.scenario.Scenario;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Fits the laws of single hosts to failure records.
 *
 * <p>A node's times run from its repair to its next failure; the first one runs from the month the
 * node went into production, the last one to the end of its records and is censored. Nodes of a
 * system that never failed count with one censored time, or the rate would come out too high.
 * Failures blamed on facilities (power, cooling) hit many nodes at once and are modelled apart, so
 * they are left out here. A record that begins before the node's last repair belongs to the same
 * outage.
 */
public final class FieldFit {

  /** Causes with fewer records than this have no law of their own. */
  private static final int CAUSE_RECORDS_MIN = 20;

  private static final double HOURS_MIN = 1.0 / 60;

  private final List<FieldRecord> records;
  private final LocalDateTime end;
  private final int mostNodes;

  public FieldFit(List<FieldRecord> records) {
    this.records = List.copyOf(records);
    this.end =
        records.stream().map(FieldRecord::started).max(Comparator.naturalOrder()).orElseThrow();
    this.mostNodes = records.stream().mapToInt(FieldRecord::nodes).max().orElse(0);
  }

  /**
   * Cluster nodes of 2 to 4 processors: what is nearest to a cloud host. The other systems are
   * shared-memory machines of up to 256 processors a node, which failed some twenty times as often.
   */
  public static boolean isClusterNode(FieldRecord failure) {
    return failure.processorsPerNode() >= 2
        && failure.processorsPerNode() <= 4
        && failure.nodes() > 1;
  }

  /**
   * Nodes of the system, or systems, with the most nodes: for the Los Alamos records 18 and 19, two
   * clusters of 1,024 nodes of one kind. The defaults come from these: the pool is uniform, so its
   * shape is a host's and not the spread between systems (pooling all clusters gives a shape of
   * 0.57 and a mean that is half as long again as the counted one), and 7,220 failures are enough.
   */
  public boolean isOfLargestSystem(FieldRecord failure) {
    return failure.node().isPresent() && failure.nodes() == mostNodes;
  }

  /**
   * The scenario with its single hosts failing as the largest systems of a file of records did. The
   * rate factor, and how failures announce themselves, stay as they are.
   */
  public static Scenario refit(Scenario scenario, Path records) {
    FieldFit fit = new FieldFit(FieldRecords.read(records));
    HostLaws fitted;
    try {
      fitted = fit.hostLaws(fit::isOfLargestSystem);
    } catch (IllegalArgumentException e) {
      throw Mistake.at(
          records.toString(),
          0,
          "records",
          "of the largest system have too few failures for a law: " + e.getMessage());
    }
    HostLaws current = scenario.hardware().host();
    List<CauseLaw> causes =
        fitted.causes().stream().map(cause -> announcedAs(cause, current)).toList();
    return scenario.withHardware(
        scenario
            .hardware()
            .withHost(new HostLaws(fitted.betweenFailures(), current.rate(), causes)));
  }

  private static CauseLaw announcedAs(CauseLaw fitted, HostLaws current) {
    return current.causes().stream()
        .filter(law -> law.cause() == fitted.cause())
        .findFirst()
        .map(law ->
            new CauseLaw(fitted.cause(), fitted.share(), fitted.repairMinutes(), law.announced()))
        .orElse(fitted);
  }

  /** One fit per system, for all that have enough failures. */
  public SortedMap<Integer, WeibullFit> bySystem() {
    SortedMap<Integer, WeibullFit> fits = new TreeMap<>();
    systems().forEach((system, own) -> fitTimes(List.of(own)).ifPresent(f -> fits.put(system, f)));
    return fits;
  }

  /** One fit for the nodes of all systems that are wanted. */
  public WeibullFit pooled(Predicate<FieldRecord> wanted) {
    List<List<FieldRecord>> pool = new ArrayList<>();
    systems()
        .values()
        .forEach(own -> {
          if (wanted.test(own.getFirst())) {
            pool.add(own);
          }
        });
    return fitTimes(pool)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "too few failures of the wanted nodes among %d records".formatted(records.size())));
  }

  /** The repair law of all records that are wanted. */
  public LogNormalFit repairs(Predicate<FieldRecord> wanted) {
    return LogNormalFit.fit(
        records.stream().filter(wanted).mapToDouble(FieldRecord::downMinutes).toArray());
  }

  /**
   * Laws for a scenario, from the nodes that are wanted. How many failures announce themselves is
   * not in such records and keeps its assumed share.
   */
  public HostLaws hostLaws(Predicate<FieldRecord> wanted) {
    List<FieldRecord> own =
        records.stream().filter(r -> wanted.test(r) && !r.facilities()).toList();
    Map<FailureCause, List<FieldRecord>> byCause = new EnumMap<>(FailureCause.class);
    own.forEach(r -> byCause.computeIfAbsent(r.cause(), _ -> new ArrayList<>()).add(r));
    List<CauseLaw> causes = new ArrayList<>();
    byCause.forEach((cause, failures) -> {
      if (failures.size() >= CAUSE_RECORDS_MIN) {
        double[] minutes = failures.stream().mapToDouble(FieldRecord::downMinutes).toArray();
        causes.add(
            new CauseLaw(
                cause,
                (double) failures.size() / own.size(),
                LogNormalFit.fit(minutes).law(),
                cause.usuallyAnnounced()));
      }
    });
    return new HostLaws(pooled(wanted).law(), 1, causes);
  }

  private SortedMap<Integer, List<FieldRecord>> systems() {
    SortedMap<Integer, List<FieldRecord>> systems = new TreeMap<>();
    for (FieldRecord failure : records) {
      if (failure.node().isPresent()) {
        systems.computeIfAbsent(failure.system(), _ -> new ArrayList<>()).add(failure);
      }
    }
    return systems;
  }

  private Optional<WeibullFit> fitTimes(List<List<FieldRecord>> systems) {
    List<Double> failed = new ArrayList<>();
    List<Double> censored = new ArrayList<>();
    systems.forEach(own -> addSystem(own, failed, censored));
    if (failed.stream().distinct().count() < 2) {
      return Optional.empty();
    }
    return Optional.of(WeibullFit.fit(toArray(failed), toArray(censored)));
  }

  private void addSystem(List<FieldRecord> own, List<Double> failed, List<Double> censored) {
    SortedMap<Integer, List<FieldRecord>> nodes = new TreeMap<>();
    own.forEach(r -> nodes.computeIfAbsent(r.node().orElseThrow(), _ -> new ArrayList<>()).add(r));
    nodes.values().forEach(node -> addNode(node, failed, censored));
    FieldRecord typical = own.getFirst();
    int neverFailed = Math.max(0, typical.nodes() - nodes.size());
    typical
        .production()
        .map(month -> hours(month.atDay(1).atStartOfDay(), endOf(typical)))
        .filter(hours -> hours > HOURS_MIN)
        .ifPresent(hours -> {
          for (int i = 0; i < neverFailed; i++) {
            censored.add(hours);
          }
        });
  }

  private void addNode(List<FieldRecord> node, List<Double> failed, List<Double> censored) {
    List<FieldRecord> own = new ArrayList<>(node);
    own.sort(Comparator.comparing(FieldRecord::started).thenComparing(FieldRecord::fixed));
    Optional<LocalDateTime> up =
        own.getFirst().production().map(month -> month.atDay(1).atStartOfDay());
    for (FieldRecord failure : own) {
      boolean sameOutage = up.isPresent() && !failure.started().isAfter(up.orElseThrow());
      if (!sameOutage && !failure.facilities()) {
        up.ifPresent(from -> failed.add(Math.max(HOURS_MIN, hours(from, failure.started()))));
      } else if (!sameOutage) {
        up.ifPresent(from -> censored.add(Math.max(HOURS_MIN, hours(from, failure.started()))));
      }
      up = Optional.of(up.filter(failure.fixed()::isBefore).orElse(failure.fixed()));
    }
    LocalDateTime last = endOf(own.getLast());
    up.map(from -> hours(from, last)).filter(h -> h > HOURS_MIN).ifPresent(censored::add);
  }

  /** Records of a node end when it is taken away, or when all records end. */
  private LocalDateTime endOf(FieldRecord failure) {
    LocalDateTime gone =
        failure.decommissioned().map(month -> month.atDay(1).atStartOfDay()).orElse(end);
    return gone.isBefore(end) ? gone : end;
  }

  private static double hours(LocalDateTime from, LocalDateTime to) {
    return Duration.between(from, to).toMinutes() / 60.0;
  }

  private static double[] toArray(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
