package io.penumbra.placement.risk;

import io.penumbra.domain.HostId;
import io.penumbra.placement.risk.ObservedTelemetry.Label;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All samples as numbers, and which part of training each host takes. */
final class TrainingTable {

  /** 10 million rows are about 1 GB; more than that is work for XGBoost on Spark. */
  static final int ROWS_MAX = 10_000_000;

  /** Rarer firmware shares the column "other". */
  private static final int FIRMWARES_MAX = 12;

  private static final int FIRMWARE_SAMPLES_MIN = 20;
  private static final int PROGRESS_EVERY = 1000;

  /** What a host's samples are used for; a host's samples all go one way, or they would leak. */
  enum Part {
    LEARN,
    CALIBRATE,
    JUDGE
  }

  private static final Part[] TURNS = {
    Part.LEARN, Part.CALIBRATE, Part.JUDGE, Part.LEARN, Part.LEARN
  };

  private final Map<HostId, HostRecord> hosts = new LinkedHashMap<>();
  private final Map<String, Integer> firmwareNumbers = new LinkedHashMap<>();
  private final List<long[]> firmwareCounts = new ArrayList<>();
  private final int measured = FeatureList.MEASURED.size();
  private float[] rows = new float[1024 * measured];
  private boolean[] fails = new boolean[1024];
  private float[] weights = new float[1024];
  private int[] firmware = new int[1024];
  private int[] host = new int[1024];
  private int size;
  private int failing;
  private long censored;

  private TrainingTable() {}

  /** One host as far as the split cares. */
  private static final class HostRecord {
    private final int number;
    private boolean fails;
    private Part part = Part.LEARN;

    HostRecord(int number) {
      this.number = number;
    }
  }

  static TrainingTable read(TrainingData data, TrainingOptions options, TrainingProgress progress)
      throws UnusableModelException {
    TrainingTable table = new TrainingTable();
    long read = 0;
    for (Iterator<ObservedTelemetry> samples = data.samples(); samples.hasNext(); ) {
      table.add(samples.next(), options.horizon());
      if (++read % PROGRESS_EVERY == 0) {
        progress.read(read);
      }
    }
    progress.read(read);
    table.split(options.seed());
    return table;
  }

  private void add(ObservedTelemetry sample, Duration horizon) throws UnusableModelException {
    Label label = sample.label(horizon);
    if (label == Label.CENSORED) {
      censored++;
      return;
    }
    if (size == ROWS_MAX) {
      throw new UnusableModelException(
          "there are more than %d samples".formatted(ROWS_MAX),
          "take fewer, for example one sample per host and day");
    }
    ensureRoom();
    HostRecord record =
        hosts.computeIfAbsent(sample.telemetry().host(), id -> new HostRecord(hosts.size()));
    FeatureList.writeMeasured(sample.telemetry(), rows, size * measured);
    fails[size] = label == Label.FAILS;
    weights[size] = (float) sample.standsFor();
    host[size] = record.number;
    firmware[size] = firmwareNumber(sample.telemetry().history().firmware());
    record.fails |= fails[size];
    failing += fails[size] ? 1 : 0;
    size++;
  }

  private int firmwareNumber(String version) {
    int number = firmwareNumbers.computeIfAbsent(version, v -> firmwareNumbers.size());
    if (number == firmwareCounts.size()) {
      firmwareCounts.add(new long[1]);
    }
    firmwareCounts.get(number)[0]++;
    return number;
  }

  private void ensureRoom() {
    if (size == fails.length) {
      int room = size * 2;
      rows = Arrays.copyOf(rows, room * measured);
      fails = Arrays.copyOf(fails, room);
      weights = Arrays.copyOf(weights, room);
      firmware = Arrays.copyOf(firmware, room);
      host = Arrays.copyOf(host, room);
    }
  }

  /**
   * Deals hosts out, those that fail and those that do not each in an order drawn from the seed, so
   * that every part gets its share of failures even where there are only a few.
   */
  private void split(long seed) {
    for (boolean failingOnes : new boolean[] {true, false}) {
      List<HostId> order =
          hosts.entrySet().stream()
              .filter(entry -> entry.getValue().fails == failingOnes)
              .map(Map.Entry::getKey)
              .sorted(
                  Comparator.comparingLong((HostId id) -> shuffled(id, seed))
                      .thenComparing(Comparator.naturalOrder()))
              .toList();
      for (int i = 0; i < order.size(); i++) {
        HostRecord record = hosts.get(order.get(i));
        if (record != null) {
          record.part = TURNS[i % TURNS.length];
        }
      }
    }
  }

  /** FNV-1a over the name, then the finaliser of SplitMix64: names in a row land far apart. */
  private static long shuffled(HostId id, long seed) {
    long hash = 0xcbf29ce484222325L ^ seed;
    for (int i = 0; i < id.value().length(); i++) {
      hash = (hash ^ id.value().charAt(i)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
    hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
    return hash ^ (hash >>> 31);
  }

  /** The most frequent firmware versions, ties by name. */
  FeatureList features() {
    List<String> table =
        firmwareNumbers.entrySet().stream()
            .filter(entry -> count(entry.getValue()) >= FIRMWARE_SAMPLES_MIN)
            .sorted(
                Comparator.comparingLong((Map.Entry<String, Integer> e) -> -count(e.getValue()))
                    .thenComparing(Map.Entry::getKey))
            .limit(FIRMWARES_MAX)
            .map(Map.Entry::getKey)
            .toList();
    return new FeatureList(table);
  }

  private long count(int firmwareNumber) {
    return firmwareCounts.get(firmwareNumber)[0];
  }

  /** The samples of one part, as XGBoost takes them. */
  Samples part(Part part, FeatureList features) {
    boolean[] chosenHosts = new boolean[hosts.size()];
    hosts.values().forEach(record -> chosenHosts[record.number] = record.part == part);
    int count = 0;
    for (int i = 0; i < size; i++) {
      count += chosenHosts[host[i]] ? 1 : 0;
    }
    List<String> versions = List.copyOf(firmwareNumbers.keySet());
    Samples samples = new Samples(count, features.width());
    for (int i = 0; i < size; i++) {
      if (chosenHosts[host[i]]) {
        int offset = samples.add(fails[i], weights[i]);
        System.arraycopy(rows, i * measured, samples.rows, offset, measured);
        features.writeFirmware(versions.get(firmware[i]), samples.rows, offset + measured);
      }
    }
    return samples;
  }

  ModelCard.Census census() {
    return new ModelCard.Census(
        hosts.size(),
        (int) hosts.values().stream().filter(record -> record.fails).count(),
        size,
        failing,
        censored,
        hostsOf(Part.LEARN),
        hostsOf(Part.CALIBRATE),
        hostsOf(Part.JUDGE));
  }

  private int hostsOf(Part part) {
    return (int) hosts.values().stream().filter(record -> record.part == part).count();
  }

  /** Rows with labels and weights. */
  static final class Samples {
    final float[] rows;
    final boolean[] fails;
    final float[] weights;
    final int width;
    private int size;

    private Samples(int count, int width) {
      this.rows = new float[Math.multiplyExact(count, width)];
      this.fails = new boolean[count];
      this.weights = new float[count];
      this.width = width;
    }

    private int add(boolean failing, float weight) {
      fails[size] = failing;
      weights[size] = weight;
      return size++ * width;
    }

    int size() {
      return size;
    }

    float[] labels() {
      float[] labels = new float[size];
      for (int i = 0; i < size; i++) {
        labels[i] = fails[i] ? 1 : 0;
      }
      return labels;
    }

    /** Share of the weight that fails. */
    double baseRate() {
      double failing = 0;
      double all = 0;
      for (int i = 0; i < size; i++) {
        failing += fails[i] ? weights[i] : 0;
        all += weights[i];
      }
      return failing / all;
    }
  }
}
