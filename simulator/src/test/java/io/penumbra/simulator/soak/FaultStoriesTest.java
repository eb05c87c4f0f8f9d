package io.penumbra.simulator.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.fault.FaultKind;
import io.penumbra.simulator.fault.FaultMix;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each kind of fault, alone beside dying hosts, and often: it happens, and is survived. */
final class FaultStoriesTest {

  private static final int SEEDS = 3;

  @ParameterizedTest
  @EnumSource(FaultKind.class)
  void happensAndIsSurvived(FaultKind kind) {
    AtomicInteger seen = new AtomicInteger();
    for (long seed = 1; seed <= SEEDS; seed++) {
      SoakResult result =
          SoakRun.run(
              seed,
              SoakRun.Options.usual()
                  .withFaults(often(kind))
                  .withTrace(line -> {
                    if (line.contains(signOf(kind))) {
                      seen.incrementAndGet();
                    }
                  }));

      assertThat(result.verdict()).as(result.report()).isEqualTo(SoakVerdict.OK);
    }
    assertThat(seen.get()).as("times '%s' was in a trace", signOf(kind)).isPositive();
  }

  private static FaultMix often(FaultKind kind) {
    FaultMix alone =
        FaultMix.of(FaultKind.HOST_FAILURE).with(FaultKind.HOST_FAILURE, 2).with(kind, rate(kind));
    return switch (kind) {
      case JOURNAL_TORN -> alone.with(FaultKind.CONTROLLER_CRASH, 4);
      case STORE_LOSES, STORE_CORRUPTS -> alone.with(FaultKind.HOST_FAILURE, 6);
      case BMC_LIES, BMC_SILENT -> alone.with(FaultKind.PARTITION, 3);
      default -> alone;
    };
  }

  private static double rate(FaultKind kind) {
    return kind.rate() >= 0.5 ? 2 * kind.rate() : Math.min(0.5, 3 * kind.rate());
  }

  /** What a trace shows when the kind has struck; for what is never seen, its consequence. */
  private static String signOf(FaultKind kind) {
    return switch (kind) {
      case HOST_FAILURE -> "its host died";
      case DOMAIN_FAILURE -> "went dark";
      case GUEST_CRASH -> "kernel panic";
      case CONTROLLER_CRASH -> "controller down";
      case JOURNAL_TORN -> "its append torn";
      case PARTITION -> "fault PARTITION begins";
      case PARTITION_ONE_WAY -> "fault PARTITION_ONE_WAY begins";
      case NETWORK_SLOW -> "fault NETWORK_SLOW begins";
      case CLOCK_SKEW -> "lease ran out by the clock";
      case TELEMETRY_LATE -> "is said to fail";
      case TELEMETRY_LIES -> "is said to fail";
      case EVENT_LOST, EVENT_DUPLICATED, EVENT_REORDERED -> "promoted";
      case BMC_SILENT -> "does not answer";
      case BMC_LIES -> "it said done, and power";
      case COMMAND_LIES -> "the API said done, reading back did not show it";
      case API_REFUSES -> "the API refused the call";
      case API_SLOW, REPORT_LOST -> "promoted";
      case STORE_LOSES -> "the chunk store lost its state";
      case STORE_CORRUPTS -> "are corrupt";
      case AGENT_HANGS -> "hangs for";
    };
  }
}
