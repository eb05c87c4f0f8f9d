package io.penumbra.simulator.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.check.Breach;
import io.penumbra.simulator.fault.FaultMix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SoakTest {

  @Test
  void fiftySeedsEndWell() throws InterruptedException {
    SoakRunner.Summary summary =
        new SoakRunner(2).run(1, 50, SoakRun.Options.usual(), (done, result) -> true);

    assertThat(summary.failures())
        .as(
            summary.failures().stream()
                .map(SoakResult::report)
                .collect(Collectors.joining(System.lineSeparator())))
        .isEmpty();
    assertThat(summary.seeds()).isEqualTo(50);
    assertThat(summary.promotions()).isGreaterThan(300);
    assertThat(summary.exitCode()).isZero();
  }

  /**
   * Seeds under which hosts once took more than they had, or the loop died of having no room left;
   * a lease that had run out was taken up again; a shadow was created anew, and too near.
   */
  @ParameterizedTest
  @ValueSource(
      longs = {
        468, 1095, 1944, 2300, 2606, 3281, 3326, 3546, 3932, 4960, 5043, 5354, 5386, 5454, 7168,
        7737, 8207, 8209, 8541, 9134, 9361, 9392
      })
  void whatOnceOverranAHostDoesSoNoMore(long seed) {
    SoakResult result = SoakRun.run(seed, SoakRun.Options.usual());

    assertThat(result.breaches())
        .as(result.report())
        .extracting(Breach::never)
        .doesNotContain(1, 2, 5, Breach.LOOP_DIED);
  }

  /** A slow host was suspected, and its heartbeats were elided before the detector trusted it. */
  @ParameterizedTest
  @ValueSource(longs = {10_138, 11_600, 14_719})
  void whoIsSuspectedIsWatchedUntilTrusted(long seed) {
    SoakResult result = SoakRun.run(seed, SoakRun.Options.usual());

    assertThat(result.verdict()).as(result.report()).isEqualTo(SoakVerdict.OK);
  }

  @Test
  void stopsWhenTheProgressSaysSo() throws InterruptedException {
    SoakRunner.Summary summary =
        new SoakRunner(1)
            .run(
                1,
                1_000,
                SoakRun.Options.usual().withFaults(FaultMix.none()),
                (done, result) -> done < 3);

    assertThat(summary.seeds()).isEqualTo(3);
  }

  @Test
  void aSeedIsTheSameRunEveryTime() {
    SoakResult first = SoakRun.run(11, SoakRun.Options.usual());
    SoakResult second = SoakRun.run(11, SoakRun.Options.usual());

    assertThat(second.traceHash()).isEqualTo(first.traceHash());
    assertThat(second.traceLines()).isEqualTo(first.traceLines()).isGreaterThan(500);
    assertThat(second.tail()).isEqualTo(first.tail());
    assertThat(first.command()).isEqualTo("./penumbra soak --seed 11");
  }

  @Test
  void aSeedIsTheSameRunInAnotherProcess() throws IOException, InterruptedException {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OneSeed.class.getName(),
                "12")
            .redirectErrorStream(true)
            .start();
    String printed =
        new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(other.waitFor(300, TimeUnit.SECONDS)).isTrue();

    assertThat(printed)
        .isEqualTo(Long.toHexString(SoakRun.run(12, SoakRun.Options.usual()).traceHash()));
  }

  /** Prints the trace hash of one seed. */
  static final class OneSeed {
    private OneSeed() {}

    public static void main(String[] args) {
      System.out.println(
          Long.toHexString(
              SoakRun.run(Long.parseLong(args[0]), SoakRun.Options.usual()).traceHash()));
    }
  }
}
