package io.penumbra.placement.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.domain.HostId;
import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.domain.telemetry.HostTelemetry.DiskHealth;
import io.penumbra.domain.telemetry.HostTelemetry.ServiceHistory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * Real drives that really failed: Backblaze's drive statistics of 2013 to 2016, condensed to
 * periods of constant SMART values. Each fifth drive serves as a host with one disk; everything
 * else is not measured. One sample per drive, its state a week before its last record: what a model
 * that warns a week ahead has to go by.
 */
class BackblazeTest {

  private static final int SERIAL = 0;
  private static final int FROM_HOUR = 10;
  private static final int TO_HOUR = 11;
  private static final int FAILS = 12;
  private static final int WEEK_HOURS = 168;

  /** By what order drives are skipped: their serial's hash, which says nothing of their fate. */
  private static final int KEEP_ONE_OF = 5;

  @Test
  void foreseesRealFailuresAWeekAhead() throws IOException {
    Path file =
        Path.of(System.getProperty("penumbra.root", "."))
            .resolve("../shared/data/backblaze-hds-survival/hds.csv.gz")
            .normalize();
    if (!Files.exists(file)) {
      System.out.printf("skipped: there is no %s; it is optional data%n", file);
    }
    assumeTrue(Files.exists(file), "no " + file);

    List<ObservedTelemetry> samples = samples(file);
    ModelCard card =
        RiskTrainingTest.trained(
                data(samples), TrainingOptions.of(SyntheticTelemetry.WEEK.plusHours(1), 1))
            .card();
    System.out.printf(
        "Backblaze, a week ahead: %d drives, %d fail; AUC %.3f, average precision %.3f (chance"
            + " %.3f), Brier %.4f (base rate %.4f)%n",
        card.census().hosts(),
        card.census().failingHosts(),
        card.quality().auc(),
        card.quality().averagePrecision(),
        card.quality().baseRate(),
        card.quality().brier(),
        card.quality().brierOfBaseRate());
    card.quality().reliability().forEach(System.out::println);
    assertThat(card.quality().auc()).isGreaterThan(0.8);
    assertThat(card.quality().averagePrecision()).isGreaterThan(0.4);
    assertThat(card.quality().brier()).isLessThan(0.8 * card.quality().brierOfBaseRate());
  }

  private static List<ObservedTelemetry> samples(Path file) throws IOException {
    List<ObservedTelemetry> samples = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      lines.readLine();
      List<String[]> drive = new ArrayList<>();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] row = line.split(",", -1);
        if (!drive.isEmpty() && !drive.getFirst()[SERIAL].equals(row[SERIAL])) {
          addSample(drive, samples);
          drive.clear();
        }
        drive.add(row);
      }
      addSample(drive, samples);
    }
    return samples;
  }

  private static void addSample(List<String[]> drive, List<ObservedTelemetry> samples) {
    String serial = drive.getFirst()[SERIAL];
    String[] last = drive.getLast();
    double at = Double.parseDouble(last[TO_HOUR]) - WEEK_HOURS;
    if (Math.floorMod(serial.hashCode(), KEEP_ONE_OF) != 0) {
      return;
    }
    for (String[] row : drive) {
      if (number(row, FROM_HOUR) <= at && at < number(row, TO_HOUR)) {
        Duration after = Duration.ofHours(WEEK_HOURS);
        samples.add(
            new ObservedTelemetry(
                telemetry(serial, row),
                last[FAILS].equals("1")
                    ? new ObservedTelemetry.Failed(after)
                    : new ObservedTelemetry.Survived(after.plusHours(1))));
        return;
      }
    }
  }

  private static HostTelemetry telemetry(String serial, String[] row) {
    return new HostTelemetry(
        HostId.of(serial),
        Instant.EPOCH,
        HostTelemetry.Load.UNKNOWN,
        HostTelemetry.MemoryHealth.UNKNOWN,
        new DiskHealth(
            number(row, 13),
            number(row, 16),
            number(row, 17),
            number(row, 20),
            number(row, 21),
            Double.NaN),
        HostTelemetry.Thermal.UNKNOWN,
        // Age is left out: in this condensed form it gives away when a drive's record ends.
        ServiceHistory.UNKNOWN,
        HostTelemetry.Guests.UNKNOWN);
  }

  private static double number(String[] row, int column) {
    return row[column].isEmpty() || row[column].equals("NA")
        ? Double.NaN
        : Double.parseDouble(row[column]);
  }

  private static TrainingData data(List<ObservedTelemetry> samples) {
    return new TrainingData() {
      @Override
      public String source() {
        return "Backblaze";
      }

      @Override
      public long samplesAbout() {
        return samples.size();
      }

      @Override
      public Iterator<ObservedTelemetry> samples() {
        return samples.iterator();
      }
    };
  }
}
