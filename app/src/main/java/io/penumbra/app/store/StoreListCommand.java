package io.penumbra.app.store;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra store ls}: one line per kept epoch. */
@Command(name = "ls", description = "VMs and their kept epochs, oldest first.")
final class StoreListCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreListCommand() {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (OpenStore open = options.open(spec.commandLine().getErr())) {
      ManifestStore manifests = open.store().manifests();
      List<VmId> vms =
          switch (manifests.vms()) {
            case ManifestStore.Vms.Known(List<VmId> known) -> known;
            case ManifestStore.Unavailable(String reason) -> throw away(reason);
          };
      for (VmId vm : vms) {
        switch (manifests.versions(vm)) {
          case ManifestStore.Versions.Known(List<Long> versions) ->
              versions.forEach(version -> print(out, vm, version, manifests.read(vm, version)));
          case ManifestStore.Unavailable(String reason) -> throw away(reason);
        }
      }
      out.printf("%d VM%s%n", vms.size(), vms.size() == 1 ? "" : "s");
    }
    return 0;
  }

  private static BadInputException away(String reason) {
    return new BadInputException(
        "object tier", reason, "Check endpoint, bucket and keys in the settings.");
  }

  private static void print(PrintWriter out, VmId vm, long version, ManifestStore.Reading reading) {
    switch (reading) {
      case ManifestStore.Reading.Found(long _, String writer, Manifest manifest)
          when manifest.isMark() ->
          out.printf("%-24s v%-6d forgotten %s by %s%n", vm, version, manifest.cutAt(), writer);
      case ManifestStore.Reading.Found(long _, String writer, Manifest manifest) ->
          out.println(
              String.format(
                  Locale.ROOT,
                  "%-24s v%-6d epoch %-8d %s  %-4s  %,8d chunks  %s  by %s",
                  vm,
                  version,
                  manifest.epoch(),
                  manifest.cutAt(),
                  manifest.mode().name().toLowerCase(Locale.ROOT),
                  manifest.chunks().size(),
                  manifest.base() == 0 ? "whole" : "on v" + manifest.base(),
                  writer));
      case ManifestStore.Reading.NotFound _ -> {
        // Removed since it was listed.
      }
      case ManifestStore.Reading.Corrupt(VmId _, long _, String evidence) ->
          out.printf("%-24s v%-6d DAMAGED: %s%n", vm, version, evidence);
      case ManifestStore.Unavailable(String reason) ->
          out.printf("%-24s v%-6d can't be read: %s%n", vm, version, reason);
    }
  }
}
