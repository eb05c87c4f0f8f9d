package io.penumbra.app.decisions;

import io.penumbra.app.ClosestNames;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.log.VmNames;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** Which log is read, and how a decision in it is named. */
final class LogOption {

  @Option(
      names = "--log",
      paramLabel = "DIR",
      defaultValue = "penumbra-out/decisions",
      description = "The decision log to read (default: ${DEFAULT-VALUE}).")
  private Path directory;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  LogOption() {}

  /** Opens the log; what a reader should know of it goes to {@code err}. */
  DecisionHistory open(PrintWriter err) {
    DecisionHistory history = DecisionHistory.open(directory);
    history.notes().forEach(note -> err.println("note: " + note));
    return history;
  }

  /** The id of the one VM that is called so; what was given, if none is. */
  String idOf(String named, DecisionHistory history) {
    if (history.entries().stream().anyMatch(entry -> entry.vm().value().equals(named))) {
      return named;
    }
    List<VmId> called = VmNames.read(directory).called(named);
    if (called.size() > 1) {
      throw new BadInputException(
          named,
          "is what %d VMs are called".formatted(called.size()),
          "Name one by its id: "
              + called.stream().limit(10).map(VmId::value).collect(Collectors.joining(", ")));
    }
    return called.isEmpty() ? named : called.getFirst().value();
  }

  /** What its owner calls a VM. */
  Optional<String> nameOf(VmId vm) {
    return VmNames.read(directory).of(vm);
  }

  /** The decision with this number, or the newest on this VM or of this request. */
  static DecisionEntry find(DecisionHistory history, String named) {
    Optional<DecisionEntry> byNumber =
        named.matches("#?[0-9]{1,18}")
            ? history.entry(Long.parseLong(named.replace("#", "")))
            : Optional.empty();
    return byNumber
        .or(() -> newest(history.find(entry -> entry.vm().value().equals(named))))
        .or(() -> newest(history.find(entry -> entry.request().value().equals(named))))
        .orElseThrow(() -> unknown(history, named));
  }

  private static Optional<DecisionEntry> newest(List<DecisionEntry> entries) {
    return entries.isEmpty() ? Optional.empty() : Optional.of(entries.getLast());
  }

  private static BadInputException unknown(DecisionHistory history, String named) {
    if (history.entries().isEmpty()) {
      return new BadInputException(named, "is not in the log, which holds no decision yet", "");
    }
    return new BadInputException(
        named,
        "is no VM, name of one, request or decision number in the log, which holds decisions %d to %d"
            .formatted(history.entries().getFirst().number(), history.entries().getLast().number()),
        advice(ClosestNames.to(named, vms(history))));
  }

  /** The advice that names what somebody may have meant. */
  static String advice(List<String> closest) {
    return closest.isEmpty()
        ? "Try: penumbra decisions list"
        : "Maybe you meant %s. All of them: penumbra decisions list"
            .formatted(String.join(", ", closest));
  }

  static List<String> vms(DecisionHistory history) {
    return history.entries().stream().map(DecisionEntry::vm).distinct().map(VmId::value).toList();
  }
}
