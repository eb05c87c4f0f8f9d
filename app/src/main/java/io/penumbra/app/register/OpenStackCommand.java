package io.penumbra.app.register;

import io.penumbra.app.ExitCode;
import io.penumbra.app.register.CloudSession.Credentials;
import io.penumbra.app.serve.ConfigFile;
import io.penumbra.domain.BadInputException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra register openstack} and {@code penumbra unregister openstack}. */
@Command(
    name = "openstack",
    description = {
      "",
      "Run it as an administrator of the cloud (. openrc). What is there already is left as it is,",
      "so it can be run as often as you like.",
      ""
    })
final class OpenStackCommand implements Callable<Integer> {

  private final boolean undo;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "What to register.")
  private Path config;

  @ArgGroup private How how = new How();

  /** Whether anything is changed. */
  static final class How {
    @Option(names = "--print", description = "Say what would be changed. The default.")
    private boolean print;

    @Option(names = "--write", description = "Change it.")
    private boolean write;
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  OpenStackCommand(boolean undo) {
    this.undo = undo;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Registration asked = ConfigFile.read(config, Registration.class);
    Credentials credentials = Credentials.of(System.getenv());
    Ledger ledger = new Ledger(out, how.write && !how.print);
    try (CloudSession admin =
        CloudSession.open(credentials)
            .orElseThrow(() ->
                new BadInputException(
                    "OS_USERNAME", "Keystone does not know this user and password", ""))) {
      if (undo) {
        unregister(admin, credentials, asked, ledger);
      } else {
        register(admin, credentials, asked, ledger);
      }
    } catch (UncheckedIOException e) {
      out.flush();
      spec.commandLine().getErr().println("penumbra: " + e.getMessage());
      spec.commandLine()
          .getErr()
          .println("Run it again then: what is done already is left as it is.");
      return ExitCode.UNEXPECTED;
    }
    out.printf(
        "%n%d %s, %d wrong%s%n",
        ledger.changes(),
        ledger.acts() ? "changed" : "to be changed",
        ledger.problems(),
        ledger.acts() || ledger.changes() == 0 ? "" : "; --write does it");
    out.flush();
    return ledger.problems() == 0 ? ExitCode.OK : ExitCode.UNEXPECTED;
  }

  static void register(
      CloudSession admin, Credentials credentials, Registration asked, Ledger ledger)
      throws InterruptedException {
    Verification verification = new Verification(admin, asked, ledger);
    verification.versions();
    if (ledger.problems() > 0) {
      return;
    }
    new Identity(admin, credentials, asked, ledger).register();
    new PolicyFiles(asked, ledger).register();
    new Topology(admin, asked, ledger).register();
    if (asked.scheduler().isPresent()) {
      new SchedulerMachine(asked, asked.scheduler().get(), ledger).register();
    } else {
      elsewhere(asked, ledger);
    }
    if (ledger.acts()) {
      verification.rights(credentials);
      verification.placement();
    }
  }

  static void unregister(
      CloudSession admin, Credentials credentials, Registration asked, Ledger ledger) {
    asked
        .scheduler()
        .ifPresent(machine -> new SchedulerMachine(asked, machine, ledger).unregister());
    // before Nova's policy file goes, after which nova-api has to be started anew
    new OldServerLocks(admin, ledger).unregister();
    new Topology(admin, asked, ledger).unregister();
    new PolicyFiles(asked, ledger).unregister();
    new Identity(admin, credentials, asked, ledger).unregister();
  }

  private static void elsewhere(Registration asked, Ledger ledger) {
    ledger.ok(
        "nova-scheduler runs elsewhere; copy placement-plugin/nova/penumbra_nova there, and a token, then:");
    ledger.text(
        NovaConf.registered(
            "[filter_scheduler]\n# after those that you have:\n",
            new NovaConf.Usual(List.of("..."), List.of("nova.scheduler.weights.all_weighers")),
            asked.url(),
            "/etc/nova/penumbra.token"));
  }
}
