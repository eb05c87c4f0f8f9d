package io.penumbra.app.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.placement.risk.ObservedTelemetry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTelemetryTest {

  private static final String HEADER =
      "host,hours_until_failure,hours_watched,cpu_load,smart_197_pending,cpu_celsius,firmware\n";

  @TempDir private Path dir;

  @Test
  void readsWhatIsThereAndLeavesTheRestUnknown() throws IOException {
    List<ObservedTelemetry> samples =
        read(HEADER + "hv-1,12.5,12.5,0.5,3,-4,2.1\r\n\nhv-2,,720,,,,\n");
    assertThat(samples).hasSize(2);
    ObservedTelemetry first = samples.getFirst();
    assertThat(first.telemetry().host()).isEqualTo(HostId.of("hv-1"));
    assertThat(first.fate()).isEqualTo(new ObservedTelemetry.Failed(Duration.ofMinutes(750)));
    assertThat(first.telemetry().load().cpu()).isEqualTo(0.5);
    assertThat(first.telemetry().load().memory()).isNaN();
    assertThat(first.telemetry().disk().pendingSectors()).isEqualTo(3);
    assertThat(first.telemetry().thermal().cpuCelsius()).isEqualTo(-4);
    assertThat(first.telemetry().history().firmware()).isEqualTo("2.1");
    ObservedTelemetry second = samples.getLast();
    assertThat(second.fate()).isEqualTo(new ObservedTelemetry.Survived(Duration.ofDays(30)));
    assertThat(second.telemetry().disk().pendingSectors()).isNaN();
    assertThat(second.telemetry().history().firmware()).isEqualTo("unknown");
    assertThat(second.standsFor()).isEqualTo(1);
  }

  @Test
  void readsCompressedFiles() throws IOException {
    assertThat(read("t.csv.gz", compressed(HEADER + "hv-1,,9,,,,\n"))).hasSize(1);
  }

  @Test
  void everyBadLineIsNamedWithItsFieldAndWhatWasExpected() {
    refused(
        HEADER + "hv-1,,9,1.5,,,\n", "t.csv:2: cpu_load is '1.5'; expected a number from 0 to 1");
    refused(HEADER + "hv-1,,9,,,,\nhv-2,,9,,x,,\n", "t.csv:3: smart_197_pending is 'x'");
    refused(HEADER + "hv-1,,9,,NaN,,\n", "smart_197_pending is 'NaN'");
    refused(HEADER + "hv-1,,9,,-1,,\n", "smart_197_pending is '-1'; expected a number from 0 on");
    refused(HEADER + "hv 1,,9,,,,\n", "host is 'hv 1'; expected a name without blanks");
    refused(HEADER + ",,9,,,,\n", "host is ''");
    refused(HEADER + "hv-1,,9,,,\n", "has 6 fields; expected 7");
    refused(HEADER + "hv-1,,,,,,\n", "hours_until_failure and hours_watched are both empty");
    refused(HEADER + "\"hv-1\",,9,,,,\n", "host is '\"hv-1\"'");
    refused("host,hours_until_failure,hours_watched,at\nhv-1,,9,yesterday\n", "at is 'yesterday'");
    refused(
        "host,hours_until_failure,hours_watched,stands_for\nhv-1,,9,0\n",
        "expected a number above 0");
  }

  @Test
  void theFirstLineMustNameKnownColumns() {
    refused("host,cpu_load\nhv-1,0.5\n", "column 'hours_until_failure' is missing");
    refused(
        "host,cpu_laod\nhv-1,0.5\n", "t.csv:1: column 'cpu_laod' is not known; expected host, at");
    refused("host,host\nhv-1,hv-1\n", "column 'host' is there twice");
    refused("", "column '' is not known");
  }

  @Test
  void whatIsNotTextIsRefusedBeforeItFillsTheHeap() {
    byte[] noLineEnds = new byte[1 << 20];
    Arrays.fill(noLineEnds, (byte) 'a');
    assertThatThrownBy(() -> read("t.csv", noLineEnds)).hasMessageContaining("more than 8192");
    byte[] notUtf8 = (HEADER + "hv-1,,9,,,,\u00fc\n").getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> read("t.csv", notUtf8)).hasMessageContaining("cannot be read on");
  }

  @Test
  void aFileCutShortIsNamed() throws IOException {
    byte[] whole = compressed(HEADER + "hv-1,,9,0.123,,,\n".repeat(1000));
    assertThatThrownBy(() -> read("t.csv.gz", Arrays.copyOf(whole, whole.length - 20)))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("cannot be read on");
    assertThatThrownBy(() -> read("t.csv.gz", "plain text".getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(BadInputException.class);
    refused(HEADER + "hv-1,,9,,,,\nhv-2,,", "t.csv:3: line has 3 fields; expected 7");
  }

  private void refused(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(message);
  }

  private List<ObservedTelemetry> read(String text) throws IOException {
    return read("t.csv", text.getBytes(StandardCharsets.UTF_8));
  }

  private List<ObservedTelemetry> read(String name, byte[] content) throws IOException {
    Path file = Files.write(dir.resolve(name), content);
    List<ObservedTelemetry> samples = new ArrayList<>();
    try (CsvTelemetry csv = CsvTelemetry.open(file)) {
      csv.samples().forEachRemaining(samples::add);
    }
    return samples;
  }

  private static byte[] compressed(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }
}
