package io.penumbra.simulator.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.scenario.InputFile;
import io.penumbra.simulator.scenario.SharedData;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AzureTraceTest {

  private static final FlavorMap FLAVORS = FlavorMap.azureV1(16);

  @Test
  void readsBatchesFlavoursAndDurations() {
    AzureTrace trace =
        read(
            "300 g,|,b,m,|,\n600 k,|,\n", "300 U15,|,U1,C46,|,\n600 U0,|,\n".replace("C46", "C45"));
    assertThat(trace.size()).isEqualTo(4);
    assertThat(trace.batches()).isEqualTo(3);
    assertThat(trace.batch(1)).isEqualTo(trace.batch(2)).isEqualTo(1);
    assertThat(trace.second(3)).isEqualTo(600);
    assertThat(trace.bin(0)).isEqualTo(15);
    assertThat(trace.censored(2)).isTrue();
    assertThat(FLAVORS.flavors().get(trace.flavor(0)).id().value()).isEqualTo("2c3.5g");
    assertThat(FLAVORS.flavors().get(trace.flavor(0)).size().memoryMib()).isEqualTo(3_584);
    assertThat(FLAVORS.flavors().get(trace.flavor(0)).size().diskGib()).isEqualTo(32);
  }

  @Test
  void aTraceNeedsNoDurationsAndNoCommaAtTheEnd() {
    AzureTrace trace =
        AzureTrace.read(
            file("a", "300 g,|,b,|\n600\n900 b,|,"),
            Optional.empty(),
            FLAVORS,
            DurationBins.AZURE_V1);
    assertThat(trace.size()).isEqualTo(3);
    assertThat(trace.hasDurations()).isFalse();
  }

  @Test
  void namesLineAndColumnOfWhatIsWrongInArrivals() {
    assertBad("", "arrivals: are missing");
    assertBad("300 g,|,\nten b,|,\n", "a:2: seconds: is 'ten'; expected a whole number above 300");
    assertBad("300 g,|,\n300 b,|,\n", "a:2: seconds: is '300'; expected a whole number above 300");
    assertBad(
        "300 g,z,|,\n", "a:1: column 7: is flavour 'z'; expected one of abcdefghijklmnop or '|'");
    assertBad("300 g,|,|,\n", "a:1: column 9: closes a batch with no VM in it");
    assertBad("300 gb,|,\n", "a:1: column 6: is 'b'; expected ','");
    assertBad("300 g,|,b,b", "a:1: column 12: leaves a batch open; maybe the file is cut short");
  }

  @Test
  void namesLineAndColumnOfWhatIsWrongInDurations() {
    String two = "300 g,b,|,\n600 k,|,\n";
    assertBad(two, "300 U1,U2,|,\n", "line: is missing: the durations end before the arrivals");
    assertBad(two, "300 U1,U2,|,\n900 U1,|,\n", "d:2: seconds: is 900; the arrivals have 600 here");
    assertBad(two, "300 U1,|,\n600 U1,|,\n", "d:1");
    assertBad(two, "300 U1,U2,U3,|,\n600 U1,|,\n", "d:1: column 11: is one VM more");
    assertBad(two, "300 U1,\n600 U1,|,\n", "d:1: column 8: ends 1 VMs before the arrivals do");
    assertBad(
        two,
        "300 U1,X2,|,\n600 U1,|,\n",
        "d:1: column 8: is 'X2'; expected U or C and a bin of 0 to 45");
    assertBad(two, "300 U1,U99,|,\n600 U1,|,\n", "d:1: column 8: is 'U99'");
    assertBad(two, "300 U1,U,|,\n600 U1,|,\n", "d:1: column 8: is 'U'");
    assertBad(two, "300 U1,U2,|,\n600 U1,|,\n900 U1,|,\n", "d:3: line: has no partner");
  }

  @Test
  void namesWhatIsWrongInTheMaps() {
    assertThatThrownBy(() -> FlavorMap.read(file("f", "1,2 a\n1;2 b\n"), 1))
        .isInstanceOf(BadInputException.class)
        .hasMessage("f:2: flavour: is '1;2 b'; expected like '2,3.5 g'");
    assertThatThrownBy(() -> FlavorMap.read(file("f", "1,2 a\n1,4 a\n"), 1))
        .hasMessageContaining("f:2: flavour letter: 'a' is given twice");
    assertThatThrownBy(() -> DurationBins.read(file("i", "0 0\n600 1\n")))
        .hasMessage("i:2: seconds: is 600; expected 300");
    assertThatThrownBy(() -> DurationBins.read(file("i", "0 0\n300 2\n")))
        .hasMessage("i:2: bin: is 2; expected 0 or 1");
    assertThatThrownBy(() -> DurationBins.read(file("i", "0 0 0\n")))
        .hasMessage("i:1: line: has 3 fields; expected seconds and bin");
  }

  @Test
  void theBinsInCodeAreThoseOfTheRealMap() {
    DurationBins real =
        DurationBins.read(SharedData.file("azure-v1-vm-arrivals/v1.interval_map.txt.gz"));
    assertThat(real.count()).isEqualTo(DurationBins.AZURE_V1.count());
    for (int bin = 0; bin < real.count(); bin++) {
      assertThat(real.fromSeconds(bin)).isEqualTo(DurationBins.AZURE_V1.fromSeconds(bin));
      assertThat(real.untilSeconds(bin)).isEqualTo(DurationBins.AZURE_V1.untilSeconds(bin));
    }
    FlavorMap map = FlavorMap.read(SharedData.file("azure-v1-vm-arrivals/flav_map.txt"), 16);
    assertThat(map.flavors()).isEqualTo(FLAVORS.flavors());
  }

  private static AzureTrace read(String arrivals, String durations) {
    return AzureTrace.read(
        file("a", arrivals), Optional.of(file("d", durations)), FLAVORS, DurationBins.AZURE_V1);
  }

  private static InputFile file(String name, String text) {
    return InputFile.ofText(name, text);
  }

  private static void assertBad(String arrivals, String message) {
    assertThatThrownBy(() ->
            AzureTrace.read(file("a", arrivals), Optional.empty(), FLAVORS, DurationBins.AZURE_V1))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(message);
  }

  private static void assertBad(String arrivals, String durations, String message) {
    assertThatThrownBy(() -> read(arrivals, durations))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(message);
  }
}
