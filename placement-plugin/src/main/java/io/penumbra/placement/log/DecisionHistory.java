package io.penumbra.placement.log;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The reading side of a decision log in a directory: what was decided, and on which fleet. */
public final class DecisionHistory {

  private final Path directory;
  private final List<SegmentIndex> segments;
  private final List<DecisionEntry> entries;

  private DecisionHistory(Path directory, List<SegmentIndex> segments) {
    this.directory = directory;
    this.segments = List.copyOf(segments);
    this.entries = segments.stream().flatMap(s -> s.entries().stream()).toList();
  }

  /**
   * Opens a log for reading; it may be written to meanwhile.
   *
   * @throws BadInputException when there is no log or a line in it makes no sense
   */
  public static DecisionHistory open(Path directory) {
    return open(directory, Map.of());
  }

  /** The same log as it is now. Only what is new is read: segments that were ended stay as read. */
  public DecisionHistory refreshed() {
    return open(
        directory,
        segments.subList(0, Math.max(0, segments.size() - 1)).stream()
            .collect(Collectors.toMap(index -> index.segment().number(), Function.identity())));
  }

  private static DecisionHistory open(Path directory, Map<Long, SegmentIndex> ended) {
    if (!Files.isDirectory(directory)) {
      throw noLog(directory, "is not a directory; expected one with a decision log");
    }
    List<SegmentFile> files = SegmentFile.in(directory);
    if (files.isEmpty()) {
      throw noLog(directory, "holds no decision log; expected files like decisions-000001.jsonl");
    }
    return new DecisionHistory(
        directory,
        files.stream()
            .map(file ->
                Optional.ofNullable(ended.get(file.number()))
                    .orElseGet(() -> SegmentIndex.of(file)))
            .toList());
  }

  private static BadInputException noLog(Path directory, String what) {
    return new BadInputException(
        directory.toString(),
        what,
        "Name the directory with --log DIR, or let 'penumbra demo' write a log first.");
  }

  /** All decisions still in the log, oldest first. */
  public List<DecisionEntry> entries() {
    return entries;
  }

  /** Things a reader should know, such as a last line that a crash cut off. */
  public List<String> notes() {
    return segments.stream().flatMap(s -> s.notes().stream()).toList();
  }

  /** Number of the newest decision ever logged here, 0 for none. */
  public long lastDecision() {
    return segments.stream().mapToLong(SegmentIndex::lastDecision).max().orElse(0);
  }

  /** The decisions that concern a VM, oldest first. */
  public List<DecisionEntry> decisionsOf(VmId vm) {
    return entries.stream().filter(entry -> entry.vm().equals(vm)).toList();
  }

  /** The entry with a number. */
  public Optional<DecisionEntry> entry(long number) {
    return entries.stream().filter(entry -> entry.number() == number).findFirst();
  }

  /** One decision with the fleet as it was. */
  public RecordedDecision load(DecisionEntry entry) {
    List<RecordedDecision> found = new ArrayList<>(1);
    SegmentIndex segment =
        segments.stream()
            .filter(s -> s.segment().number() == entry.segment())
            .findFirst()
            .orElseThrow(() -> new NoSuchElementException("no segment " + entry.segment()));
    visit(segment.segment(), Optional.of(entry.number()), found::add);
    return found.getFirst();
  }

  /**
   * Hands every decision to {@code visitor}, oldest first, in one pass over the log. The fleet in
   * the decision is that decision's only until the visitor returns.
   */
  public void forEach(Consumer<RecordedDecision> visitor) {
    segments.forEach(segment -> visit(segment.segment(), Optional.empty(), visitor));
  }

  private static void visit(
      SegmentFile segment, Optional<Long> only, Consumer<RecordedDecision> visitor) {
    try (SegmentReader reader = SegmentReader.of(segment)) {
      Optional<LogLine> first = reader.next();
      if (first.isEmpty() || !(first.get() instanceof LogLine.SegmentStart start)) {
        return;
      }
      Fleet fleet = new Fleet(start.fleet());
      Placer placer = new Placer(fleet, start.placement());
      for (Optional<LogLine> line = reader.next(); line.isPresent(); line = reader.next()) {
        switch (line.get()) {
          case LogLine.SegmentStart _ -> throw reader.damage("segmentStart", "only one per file");
          case LogLine.Snapshot snapshot -> apply(fleet, snapshot.change(), reader);
          case LogLine.Change change -> apply(fleet, change.change(), reader);
          case LogLine.Decision decision -> {
            if (only.isEmpty() || only.get() == decision.number()) {
              visitor.accept(new RecordedDecision(decision.logged(), placer, decision.table()));
            }
            if (only.isPresent() && only.get() == decision.number()) {
              return;
            }
          }
        }
      }
    }
  }

  private static void apply(Fleet fleet, FleetChange change, SegmentReader reader) {
    try {
      fleet.apply(change);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw reader.damage("change", "a change that fits the fleet so far: " + e.getMessage());
    }
  }

  /**
   * What happened to one VM, oldest first: where it and its shadows went, and what became of the
   * hosts under them.
   */
  public VmStory storyOf(VmId vm) {
    VmStory story = new VmStory(vm);
    for (SegmentIndex segment : segments) {
      try (SegmentReader reader = SegmentReader.of(segment.segment())) {
        for (Optional<LogLine> line = reader.next(); line.isPresent(); line = reader.next()) {
          switch (line.get()) {
            case LogLine.SegmentStart _, LogLine.Decision _ -> {}
            case LogLine.Snapshot snapshot -> story.known(snapshot.change());
            case LogLine.Change change ->
                story.happened(
                    new FleetStep(change.generation(), reader.nextDecision() - 1, change.change()));
          }
        }
      }
    }
    return story;
  }

  /** Entries that fit, oldest first. */
  public List<DecisionEntry> find(Predicate<DecisionEntry> wanted) {
    return entries.stream().filter(wanted).toList();
  }
}
