package io.penumbra.app.store;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code penumbra store}: looks after a chunk store. */
@Command(
    name = "store",
    description = "What a chunk store holds, whether it is whole, and how fast it is.",
    subcommands = {
      StoreListCommand.class,
      StoreStatCommand.class,
      StoreVerifyCommand.class,
      StoreCollectCommand.class,
      StoreForgetCommand.class,
      StoreBenchCommand.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  penumbra store ls --store DIR        VMs and their kept epochs",
      "  penumbra store stat --store DIR      sizes, tiers, hit rates, cost",
      "  penumbra store verify --remote       read and check every chunk, mend what is damaged",
      "  penumbra store gc                    remove what nothing names",
      "  penumbra store forget VM --yes       remove the epochs of a VM that was deleted"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:verify found damage it couldn't mend, gc couldn't be sure what is garbage, or forget refused",
      "2:no such store, it is in use, or a setting cannot be used"
    })
public final class StoreCommand implements Runnable {

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  public StoreCommand() {}

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
