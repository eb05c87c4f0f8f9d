package io.penumbra.app.simulate;

import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.placement.log.FileDecisionLog;
import io.penumbra.placement.log.LogSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A decision log in a directory of its own, with a note of the decisions that stood out. It follows
 * the fleet by itself, so a run can be given it before the run has a fleet.
 */
final class KeptDecisions implements DecisionLog {

  /**
   * What each filter said of each host is worked out again from the log when somebody asks: written
   * down it would be a gigabyte for the demo's month, and nobody reads all of it.
   */
  private static final LogSettings WITHOUT_VERDICTS =
      new LogSettings(
          LogSettings.defaults().segmentBytesMax(), LogSettings.defaults().segmentsMax(), 0);

  private final Fleet fleet;
  private final FileDecisionLog log;
  private final Map<VmId, Long> first = new HashMap<>();
  private Optional<Noted> closest = Optional.empty();
  private Optional<Noted> refused = Optional.empty();
  private Optional<Noted> lacking = Optional.empty();
  private double smallestMargin = Double.POSITIVE_INFINITY;
  private long number;

  /** A decision to come back to. */
  record Noted(long number, VmId vm) {}

  private KeptDecisions(Fleet fleet, FileDecisionLog log) {
    this.fleet = fleet;
    this.log = log;
  }

  /** Begins a new log; what an earlier run left in the directory is removed. */
  static KeptDecisions in(Path directory, FleetSettings fleet, PlacementSettings placement) {
    clear(directory);
    Fleet own = new Fleet(fleet);
    return new KeptDecisions(
        own, FileDecisionLog.open(directory, WITHOUT_VERDICTS, new Placer(own, placement)));
  }

  private static void clear(Path directory) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> old = Files.newDirectoryStream(directory, "decisions-*")) {
      for (Path file : old) {
        if (Files.isRegularFile(file)) {
          Files.delete(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw new UncheckedIOException(e.getCause());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void fleetChanged(long generation, FleetChange change) {
    long own = fleet.apply(change);
    if (own != generation) {
      throw new IllegalStateException(
          "the run's fleet is at generation %d, the log's at %d; maybe a change was not logged"
              .formatted(generation, own));
    }
    log.fleetChanged(generation, change);
  }

  @Override
  public void decided(PlacementRequest request, PlacementDecision decision) {
    log.decided(request, decision);
    number++;
    first.putIfAbsent(decision.vm(), number);
    Noted noted = new Noted(number, decision.vm());
    switch (decision.answer()) {
      case Placed placed -> placed(placed, noted);
      case Refused _ -> refused = refused.or(() -> Optional.of(noted));
    }
  }

  private void placed(Placed placed, Noted noted) {
    if (placed.shortOfShadows().isPresent()) {
      lacking = lacking.or(() -> Optional.of(noted));
    }
    double margin =
        placed.runnerUp().map(PlacementDecision.RunnerUp::margin).orElse(Double.POSITIVE_INFINITY);
    // Equal scores are decided by lot and teach nothing; the smallest real difference does.
    if (margin > 1e-6 && margin < smallestMargin && !placed.shadows().isEmpty()) {
      smallestMargin = margin;
      closest = Optional.of(noted);
    }
  }

  /** The one in which the winner was least ahead. */
  Optional<Noted> closestCall() {
    return closest;
  }

  /** The first one in which no host would do. */
  Optional<Noted> firstRefusal() {
    return refused;
  }

  /** The first one in which there was no room for every shadow. */
  Optional<Noted> firstWithoutEnoughShadows() {
    return lacking;
  }

  /** The first decision about a VM: where it was put when it came. */
  Optional<Noted> firstOf(VmId vm) {
    return Optional.ofNullable(first.get(vm)).map(n -> new Noted(n, vm));
  }

  @Override
  public void close() {
    log.close();
  }
}
