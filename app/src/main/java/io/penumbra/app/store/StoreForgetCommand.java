package io.penumbra.app.store;

import static java.time.temporal.ChronoUnit.SECONDS;

import io.penumbra.app.ClosestNames;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.tiers.Forgetting;
import io.penumbra.tiers.Forgetting.Look;
import io.penumbra.tiers.Forgetting.Outcome;
import io.penumbra.tiers.Forgetting.Seen;
import io.penumbra.tiers.Forgetting.Stored;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.TieredChunkStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penumbra store forget}: the epochs of a VM that was deleted. */
@Command(
    name = "forget",
    description = {
      "Says what is kept of a VM, and with --yes removes its epochs, whichever hosts wrote them.",
      "A mark stays in their place: it keeps a writer that comes back from building on them. What",
      "no other VM needs of their chunks goes with the next collection of each store that wrote",
      "them; agents collect by themselves.",
      "An agent has locked its host's store: name another directory by --store beside --settings."
    })
final class StoreForgetCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @Parameters(paramLabel = "VM", description = "The VM, as 'store ls' names it.")
  private String name;

  @Option(names = "--yes", description = "Remove them; otherwise it is only told what there is.")
  private boolean yes;

  @Option(
      names = "--older-than",
      paramLabel = "DURATION",
      defaultValue = "PT1H",
      description = {
        "Refuse when the newest epoch is younger, for then somebody may still write",
        "(default: ${DEFAULT-VALUE})."
      })
  private Duration olderThan;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreForgetCommand() {}

  @Override
  public Integer call() throws IOException {
    if (olderThan.isNegative()) {
      throw new BadInputException(
          "--older-than", "is %s; expected PT0S or more".formatted(olderThan), "");
    }
    VmId vm;
    try {
      vm = VmId.of(name);
    } catch (IllegalArgumentException e) {
      throw new BadInputException(
          "VM", String.valueOf(e.getMessage()), "See: penumbra store ls", e);
    }
    try (OpenStore open = options.openBeside(spec.commandLine().getErr())) {
      Forgetting forgetting = new Forgetting(open.store());
      return switch (forgetting.look(vm)) {
        case Look.Found(Seen seen) -> found(open.store(), forgetting, seen);
        case Look.NotThere(List<VmId> vms) -> throw unknown(vms);
        case Look.NotNow(String reason) ->
            throw new BadInputException(
                "object tier", reason, "Check endpoint, bucket and keys in the settings.");
      };
    }
  }

  private BadInputException unknown(List<VmId> vms) {
    List<String> closest = ClosestNames.to(name, vms.stream().map(VmId::value).toList());
    String advice =
        closest.isEmpty()
            ? "%d VMs are kept; see: penumbra store ls".formatted(vms.size())
            : "Maybe you mean %s; see: penumbra store ls".formatted(String.join(" or ", closest));
    return new BadInputException(name, "no epoch of such a VM is kept here", advice);
  }

  private int found(TieredChunkStore store, Forgetting forgetting, Seen seen) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (seen.epochs() > 0) {
      tell(out, store, seen);
    }
    if (!yes) {
      Optional<Outcome> refusal = forgetting.refusal(seen, olderThan);
      refusal.ifPresentOrElse(
          outcome -> print(out, seen, outcome),
          () -> out.println(seen.epochs() > 0 ? "Remove its epochs by --yes." : gone(seen)));
      return 0;
    }
    return print(out, seen, forgetting.forget(seen, olderThan));
  }

  private static void tell(PrintWriter out, TieredChunkStore store, Seen seen) throws IOException {
    out.println(
        String.format(
            Locale.ROOT,
            "%s: %d epochs%s, up to v%d, the newest %s",
            seen.vm(),
            seen.epochs(),
            seen.damaged() == 0 ? "" : " (%d damaged)".formatted(seen.damaged()),
            seen.newest(),
            seen.youngest().map("cut at %s"::formatted).orElse("damaged")));
    Stored stored = seen.stored();
    out.println(
        String.format(
            Locale.ROOT,
            "%s%,d chunks: %,.1f MiB in the object tier, %,.1f MiB on this SSD%s; other VMs may share some",
            state(store, seen.vm()),
            stored.chunks(),
            stored.objectBytes() / 1048576.0,
            stored.ssdBytes() / 1048576.0,
            stored.unknown() == 0
                ? ""
                : String.format(Locale.ROOT, ", %,d lost", stored.unknown())));
    seen.forgotten()
        .ifPresent(at -> out.printf("an earlier forget, of %s, did not come to its end%n", at));
  }

  /** How large the guest's state is; nothing where the epochs aren't a guest's. */
  private static String state(TieredChunkStore store, VmId vm) throws IOException {
    return new TierArchive(vm, store, store.manifests(), ShadowMode.COLD)
        .newest(1).stream()
            .findFirst()
            .map(kept ->
                String.format(
                    Locale.ROOT,
                    "a state of %,.1f MiB in ",
                    kept.epoch().layout().bytes() / 1048576.0))
            .orElse("");
  }

  private int print(PrintWriter out, Seen seen, Outcome outcome) {
    switch (outcome) {
      case Outcome.Forgotten(int epochs) when epochs == 0 -> out.println(gone(seen));
      case Outcome.Forgotten(int epochs) ->
          out.printf(
              "%d epochs removed. Their chunks go when these stores collect: %s%n",
              epochs,
              seen.writers().isEmpty() ? "nobody knows which" : String.join(", ", seen.writers()));
      case Outcome.TooYoung(Optional<Duration> age, Duration expected) ->
          out.printf(
              "refused: the newest epoch of %s is %s, expected %s or older, for somebody may still write."
                  + " Delete the VM or end its protection and wait, or name another --older-than.%n",
              seen.vm(),
              age.map(known -> known.truncatedTo(SECONDS) + " old")
                  .orElse("damaged, and nobody knows how old it is"),
              expected);
      case Outcome.Overtaken(long before, long newest) ->
          out.printf(
              "refused: somebody has written v%d of %s since v%d was seen; nothing was removed."
                  + " Find out who: penumbra store ls%n",
              newest, seen.vm(), before);
      case Outcome.NotNow(String reason) ->
          out.printf("not done, maybe half of it: %s. Run it again.%n", reason);
    }
    return outcome instanceof Outcome.Forgotten ? 0 : 1;
  }

  private static String gone(Seen seen) {
    return "%s: nothing of it is kept any more%s"
        .formatted(seen.vm(), seen.forgotten().map(" since %s"::formatted).orElse(""));
  }
}
