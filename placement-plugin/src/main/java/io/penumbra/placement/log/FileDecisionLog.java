package io.penumbra.placement.log;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.spi.Catalogue;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Writes JSON Lines into segments of bounded size, of which a bounded number is kept. Every segment
 * begins with the settings and with the changes that rebuild the fleet, so it can be read alone.
 *
 * <p>A decision reaches the operating system before {@link #decided} returns; changes wait for the
 * next decision. When the disk is full or broken, {@link UncheckedIOException} is thrown: a
 * decision whose reasons cannot be kept is not to be carried out. After a restart the log goes on
 * in a new segment.
 */
public final class FileDecisionLog implements DecisionLog {

  private static final int BUFFER_BYTES = 1 << 16;

  private final Path directory;
  private final LogSettings settings;
  private final Placer placer;
  private final Fleet fleet;
  private long generation;
  private long decisions;
  private SegmentFile segment;
  private OutputStream lines = OutputStream.nullOutputStream();
  private OutputStream index = OutputStream.nullOutputStream();
  private final CRC32C written = new CRC32C();
  private long offset;
  private long lineCount;
  private long snapshotBytes;

  private FileDecisionLog(
      Path directory, LogSettings settings, Placer placer, SegmentFile last, long decisions) {
    this.directory = directory;
    this.settings = settings;
    this.placer = placer;
    this.fleet = placer.fleet();
    this.generation = fleet.generation();
    this.segment = last;
    this.decisions = decisions;
  }

  /**
   * Begins a new segment in a directory, which is created if need be.
   *
   * @param placer whose decisions and whose fleet's changes will be logged, from now on without a
   *     gap
   * @throws BadInputException when what is already there cannot be read
   */
  public static FileDecisionLog open(Path directory, LogSettings settings, Placer placer) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create " + directory, e);
    }
    List<SegmentFile> existing = SegmentFile.in(directory);
    SegmentFile last = existing.isEmpty() ? new SegmentFile(directory, 0) : existing.getLast();
    long decisions = existing.isEmpty() ? 0 : DecisionHistory.open(directory).lastDecision();
    FileDecisionLog log = new FileDecisionLog(directory, settings, placer, last, decisions);
    log.beginSegment();
    return log;
  }

  @Override
  public void fleetChanged(long changed, FleetChange change) {
    if (changed != generation + 1) {
      throw new IllegalStateException(
          "change to generation %d logged after generation %d; maybe a change was applied to the fleet and not logged"
              .formatted(changed, generation));
    }
    write(LogFormat.write(new LogLine.Change(changed, change)));
    generation = changed;
    // Changes can be applied several at a time and logged afterwards; a snapshot fits only where
    // the fleet and the log agree.
    if (full() && fleet.generation() == generation) {
      beginSegment();
    }
  }

  @Override
  public void decided(PlacementRequest request, PlacementDecision decision) {
    if (decision.generation() != generation || fleet.generation() != generation) {
      throw new IllegalStateException(
          "decision %s on generation %d logged at generation %d, the fleet being at %d; expected all three to be the same: log a decision before its changes are applied"
              .formatted(request.id(), decision.generation(), generation, fleet.generation()));
    }
    if (full()) {
      beginSegment();
    }
    Optional<LogLine.Verdicts> verdicts =
        fleet.hostCount() <= settings.inlineVerdictsHostsMax()
            ? Optional.of(LogLine.Verdicts.of(placer.explain(request)))
            : Optional.empty();
    LogLine.Decision line = new LogLine.Decision(decisions + 1, request, decision, verdicts);
    byte[] bytes = LogFormat.write(line);
    DecisionEntry entry =
        DecisionEntry.of(line.logged(), segment.number(), offset, bytes.length, lineCount + 1);
    decisions++;
    write(bytes);
    try {
      lines.flush();
      index.write(LogFormat.write(new SegmentIndex.Line(entry, written.getValue())));
      index.write('\n');
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  /** How many decisions the log holds or has held. */
  public long decisionCount() {
    return decisions;
  }

  @Override
  public void flush() {
    try {
      lines.flush();
      index.flush();
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  @Override
  public void close() {
    try {
      lines.close();
      index.close();
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private boolean full() {
    return offset - snapshotBytes >= settings.segmentBytesMax();
  }

  private void beginSegment() {
    close();
    segment = new SegmentFile(directory, segment.number() + 1);
    lines = create(segment.lines());
    index = create(segment.index());
    offset = 0;
    written.reset();
    lineCount = 0;
    List<FleetChange> rebuild = fleet.changesToRebuild();
    write(
        LogFormat.write(
            new LogLine.SegmentStart(
                LogLine.FORMAT,
                segment.number(),
                generation,
                decisions + 1,
                rebuild.size(),
                fleet.settings(),
                Multiplier.explicit(placer.settings(), Catalogue.load()))));
    for (FleetChange change : rebuild) {
      write(LogFormat.write(new LogLine.Snapshot(change)));
    }
    snapshotBytes = offset;
    deleteOldest();
  }

  private void deleteOldest() {
    List<SegmentFile> existing = SegmentFile.in(directory);
    for (SegmentFile old :
        existing.subList(0, Math.max(0, existing.size() - settings.segmentsMax()))) {
      old.delete();
    }
  }

  private static OutputStream create(Path file) {
    try {
      return new BufferedOutputStream(
          Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          BUFFER_BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot create %s; maybe two processes write to the same log".formatted(file), e);
    }
  }

  private void write(byte[] line) {
    try {
      lines.write(line);
      lines.write('\n');
    } catch (IOException e) {
      throw cannotWrite(e);
    }
    written.update(line);
    written.update('\n');
    offset += line.length + 1L;
    lineCount++;
  }

  private UncheckedIOException cannotWrite(IOException e) {
    return new UncheckedIOException(
        "cannot write %s; maybe the disk is full".formatted(segment.lines()), e);
  }
}
