package io.penumbra.placement.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.HostView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileDecisionLogTest {

  private static final LogSettings ONE_SEGMENT = new LogSettings(1 << 30, 100, 128);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory before each test
  FileDecisionLogTest() {}

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void everyDecisionIsMadeAgainToTheLastBit(long seed) {
    LoggedWorld world = new LoggedWorld(seed, 20);
    for (int i = 0; i < 30; i++) {
      world.step();
    }
    int before = world.decisions.size();
    // Small segments: most decisions are replayed from a snapshot in the middle of things.
    try (FileDecisionLog log =
        FileDecisionLog.open(directory, new LogSettings(200_000, 1000, 20), world.placer)) {
      world.logTo(log);
      for (int i = 0; i < 80; i++) {
        world.step();
      }
    }
    List<LoggedDecision> logged = world.decisions.subList(before, world.decisions.size());
    List<LoggedDecision> found = new ArrayList<>();
    DecisionHistory history = DecisionHistory.open(directory);
    history.forEach(recorded -> {
      found.add(recorded.logged());
      assertThat(DecisionReplay.of(recorded).told())
          .as("seed %d", seed)
          .singleElement()
          .asString()
          .startsWith("Same decision");
      assertThat(recorded.inline()).isPresent();
      assertThat(recorded.table()).isEqualTo(recorded.computeTable());
    });
    assertThat(SegmentFile.in(directory)).hasSizeGreaterThan(1);
    assertThat(found).hasSameSizeAs(logged);
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).number()).isEqualTo(i + 1L);
      assertThat(found.get(i).request()).isEqualTo(logged.get(i).request());
      assertThat(found.get(i).decision()).isEqualTo(logged.get(i).decision());
    }
    assertThat(history.notes()).isEmpty();
    assertThat(history.entries()).hasSameSizeAs(logged);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28})
  void aFleetIsRebuiltFromItsChanges(long seed) {
    LoggedWorld world = new LoggedWorld(seed, 15);
    for (int i = 0; i < 200; i++) {
      world.step();
      if (i % 20 == 0) {
        Fleet again = new Fleet(world.fleet.settings());
        world.fleet.changesToRebuild().forEach(again::apply);
        assertThat(states(again)).as("seed %d step %d", seed, i).isEqualTo(states(world.fleet));
        assertThat(again.changesToRebuild()).isEqualTo(world.fleet.changesToRebuild());
      }
    }
  }

  private static List<String> states(Fleet fleet) {
    List<String> states = new ArrayList<>();
    for (HostView view : fleet.hosts()) {
      states.add(
          "%s %s %s allocated %s reserved %s short %s free %s rack %s primaries %s shadows %s"
              .formatted(
                  view.host(),
                  view.condition(),
                  view.risk(),
                  view.allocated(),
                  view.reserved(),
                  view.reserveShortfall(),
                  view.free(),
                  view.rackFreeShare(),
                  fleet.primariesOn(view.host().id()),
                  fleet.shadowsOn(view.host().id())));
    }
    return states;
  }

  @Test
  void tablesOfLargeFleetsAreComputedOnDemand() {
    LoggedWorld world = write(7, new LogSettings(1 << 30, 10, 5), 40);
    DecisionHistory.open(directory)
        .forEach(recorded -> {
          assertThat(recorded.inline()).isEmpty();
          assertThat(recorded.table().decision()).isEqualTo(recorded.decision());
        });
    assertThat(world.decisions).isNotEmpty();
  }

  @Test
  void keepsOnlySoManySegmentsAndNumbersOn() {
    LoggedWorld world = write(3, new LogSettings(10_000, 3, 128), 200);
    assertThat(SegmentFile.in(directory)).hasSize(3);
    DecisionHistory history = DecisionHistory.open(directory);
    assertThat(history.entries().getFirst().number()).isGreaterThan(1);
    assertThat(history.entries().getLast().number()).isEqualTo(world.decisions.size());
    DecisionEntry oldest = history.entries().getFirst();
    assertThat(DecisionReplay.of(history.load(oldest)).same()).isTrue();
  }

  @Test
  void whoReadsOnSeesWhatWhoReadsAnewSees() {
    LogSettings small = new LogSettings(10_000, 3, 128);
    LoggedWorld world = write(3, small, 20);
    DecisionHistory history = DecisionHistory.open(directory);
    try (FileDecisionLog log = FileDecisionLog.open(directory, small, world.placer)) {
      world.logTo(log);
      for (int i = 0; i < 100; i++) {
        world.step();
        history = history.refreshed();
        assertThat(history.entries()).isEqualTo(DecisionHistory.open(directory).entries());
      }
    }
    assertThat(history.lastDecision()).isEqualTo(world.decisions.size());
  }

  @Test
  void goesOnInANewSegmentAfterARestart() {
    LoggedWorld world = write(5, ONE_SEGMENT, 30);
    long first = DecisionHistory.open(directory).lastDecision();
    try (FileDecisionLog log = FileDecisionLog.open(directory, ONE_SEGMENT, world.placer)) {
      world.logTo(log);
      for (int i = 0; i < 30; i++) {
        world.step();
      }
    }
    DecisionHistory history = DecisionHistory.open(directory);
    assertThat(first).isPositive();
    assertThat(history.lastDecision()).isEqualTo(world.decisions.size());
    assertThat(history.entries().stream().map(DecisionEntry::number))
        .doesNotHaveDuplicates()
        .isSorted();
    history.forEach(recorded -> assertThat(DecisionReplay.of(recorded).same()).isTrue());
  }

  @Test
  void aLastLineCutOffByACrashIsIgnoredAndReported() throws IOException {
    write(5, ONE_SEGMENT, 30);
    Path file = SegmentFile.in(directory).getFirst().lines();
    byte[] bytes = Files.readAllBytes(file);
    int decisions = DecisionHistory.open(directory).entries().size();
    // Cut at every place in the last two lines.
    String text = new String(bytes, StandardCharsets.UTF_8);
    int from = text.lastIndexOf('\n', text.lastIndexOf('\n', text.length() - 2) - 1) + 1;
    for (int length = from; length < bytes.length; length += 97) {
      Files.write(file, java.util.Arrays.copyOf(bytes, length));
      DecisionHistory history = DecisionHistory.open(directory);
      assertThat(history.entries().size()).isBetween(decisions - 2, decisions);
      assertThat(history.notes()).hasSize(text.charAt(length - 1) == '\n' ? 0 : 1);
      history.forEach(recorded -> assertThat(DecisionReplay.of(recorded).same()).isTrue());
    }
  }

  @Test
  void aSegmentThatEndsInItsSnapshotIsIgnoredAndNumberingGoesOn() throws IOException {
    LoggedWorld world = write(5, ONE_SEGMENT, 30);
    long last = DecisionHistory.open(directory).lastDecision();
    Path file = new SegmentFile(directory, 2).lines();
    String first = Files.readString(SegmentFile.in(directory).getFirst().lines());
    for (int length : new int[] {0, 100, first.indexOf('\n') + 1, first.indexOf('\n') + 50}) {
      Files.writeString(
          file, first.replace("\"segment\":1,", "\"segment\":2,").substring(0, length));
      DecisionHistory history = DecisionHistory.open(directory);
      assertThat(history.notes()).as("%d bytes", length).hasSize(1);
      history.forEach(recorded -> assertThat(DecisionReplay.of(recorded).same()).isTrue());
    }
    try (FileDecisionLog log = FileDecisionLog.open(directory, ONE_SEGMENT, world.placer)) {
      assertThat(log.decisionCount()).isEqualTo(last);
    }
  }

  @Test
  void damageInTheMiddleIsAnErrorThatNamesLineAndField() throws IOException {
    write(5, ONE_SEGMENT, 30);
    Path file = SegmentFile.in(directory).getFirst().lines();
    List<String> lines = Files.readAllLines(file);
    int change = indexOf(lines, "{\"change\"");
    int decision = indexOf(lines, "{\"decision\"");

    rewrite(file, lines, change, lines.get(change).replaceFirst("\\d+", "\"x\""));
    refuses(change + 1, "generation: expected a whole number");
    rewrite(
        file, lines, decision, lines.get(decision).replaceFirst("\"number\":1", "\"number\":2"));
    refuses(decision + 1, "decision.number: expected 1, found 2");
    rewrite(
        file,
        lines,
        decision,
        lines.get(decision).replaceFirst("\"memoryMib\":\\d+", "\"memoryMib\":-5"));
    refuses(decision + 1, "memoryMib is -5; expected 0 or more");
    rewrite(file, lines, 0, lines.get(0).replace("\"format\":2", "\"format\":1"));
    refuses(1, "this version reads format 2");
    rewrite(file, lines, change, "");
    refuses(change + 1, "expected");
    List<String> oneLess = new ArrayList<>(lines);
    oneLess.remove(change);
    Files.write(file, oneLess);
    refuses(-1, "maybe lines are missing");
    oneLess = new ArrayList<>(lines);
    oneLess.remove(1);
    Files.write(file, oneLess);
    refuses(-1, "more snapshot lines");
  }

  @Test
  void anIndexThatIsMissingOrWrongCostsTimeAndNothingElse() throws IOException {
    write(5, ONE_SEGMENT, 60);
    SegmentFile segment = SegmentFile.in(directory).getFirst();
    List<DecisionEntry> expected = DecisionHistory.open(directory).entries();
    List<String> index = Files.readAllLines(segment.index());
    for (List<String> damaged :
        List.of(
            List.<String>of(),
            index.subList(0, 3),
            List.of(index.get(0), "garbage", index.get(2)),
            index.stream()
                .map(l -> l.replaceAll("\"checksum\":\\d+", "\"checksum\":1"))
                .toList())) {
      Files.write(segment.index(), damaged);
      assertThat(DecisionHistory.open(directory).entries()).isEqualTo(expected);
    }
    Files.delete(segment.index());
    assertThat(DecisionHistory.open(directory).entries()).isEqualTo(expected);
  }

  @Test
  void refusesToLogWithAGap() {
    LoggedWorld world = new LoggedWorld(1, 5);
    try (FileDecisionLog log = FileDecisionLog.open(directory, ONE_SEGMENT, world.placer)) {
      FleetChange change = new FleetChange.HostRemoved(world.fleet.hosts().getFirst().host().id());
      long generation = world.fleet.apply(change);
      assertThatThrownBy(() -> log.fleetChanged(generation + 1, change))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("maybe a change was applied to the fleet and not logged");
    }
  }

  @Test
  void sayWhatToDoWhenThereIsNoLog() {
    assertThatThrownBy(() -> DecisionHistory.open(directory.resolve("nowhere")))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("is not a directory");
    assertThatThrownBy(() -> DecisionHistory.open(directory))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("holds no decision log");
  }

  @Test
  void aFreshFleetCanBeLoggedFromItsFirstHost() {
    Fleet fleet = new Fleet(FleetSettings.defaults());
    Placer placer = new Placer(fleet, PlacementSettings.defaults());
    LoggedWorld other = new LoggedWorld(1, 5);
    try (FileDecisionLog log = FileDecisionLog.open(directory, ONE_SEGMENT, placer)) {
      for (FleetChange change : other.fleet.changesToRebuild()) {
        log.fleetChanged(fleet.apply(change), change);
      }
    }
    assertThat(DecisionHistory.open(directory).entries()).isEmpty();
  }

  private LoggedWorld write(long seed, LogSettings settings, int steps) {
    LoggedWorld world = new LoggedWorld(seed, 10);
    try (FileDecisionLog log = FileDecisionLog.open(directory, settings, world.placer)) {
      world.logTo(log);
      for (int i = 0; i < steps; i++) {
        world.step();
      }
    }
    return world;
  }

  private static int indexOf(List<String> lines, String prefix) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith(prefix)) {
        return i;
      }
    }
    throw new AssertionError("no line begins with " + prefix);
  }

  private static void rewrite(Path file, List<String> lines, int at, String line)
      throws IOException {
    List<String> changed = new ArrayList<>(lines);
    changed.set(at, line);
    Files.write(file, changed);
  }

  private void refuses(int line, String expected) {
    assertThatThrownBy(() -> DecisionHistory.open(directory))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("decisions-000001.jsonl:" + (line < 0 ? "" : line + ""))
        .hasMessageContaining(expected);
  }
}
