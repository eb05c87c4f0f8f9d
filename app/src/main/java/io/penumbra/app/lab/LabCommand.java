package io.penumbra.app.lab;

import io.penumbra.adapter.qemu.guest.FileTree;
import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra lab}: a real guest, killed, and served again from its shadow. */
@Command(
    name = "lab",
    description = {
      "",
      "Builds a guest from Debian packages (kernel, busybox, Redis), starts it under QEMU on one of",
      "two hosts of this machine, with a warm shadow on the other, HAProxy and BIND in front and a",
      "client that writes all the time. Then kills it, and says what the client felt.",
      ""
    })
public final class LabCommand implements Callable<Integer> {

  private static final int TO_END_SECONDS = 60;

  @Spec private CommandSpec spec;

  @Option(
      names = "--kills",
      defaultValue = "3",
      paramLabel = "N",
      description = "How many; ${DEFAULT-VALUE}.")
  private int kills;

  @Option(
      names = "--kill",
      defaultValue = "host",
      paramLabel = "WHAT",
      description = {
        "guest: its process dies; host: everything on its host dies; silent: its host is cut off",
        "and lives on (needs root); controller: its host dies, and the control plane in the middle",
        "of the failover; mixed: all of these. ${DEFAULT-VALUE} if not given. split: its host is cut",
        "off from everybody but clients, and so is its power switch; packets are captured on both",
        "hosts (needs root and tcpdump). pair: its host and its shadow's at once (--mode cold)."
      })
  private String kill;

  @Option(
      names = "--mode",
      defaultValue = "warm",
      paramLabel = "MODE",
      description = {
        "warm: a QEMU waits with the guest's memory in place; cold: its epochs are kept in a tier",
        "store, and any of three hosts can go on from there. ${DEFAULT-VALUE} if not given."
      })
  private String mode;

  @Option(
      names = "--commit",
      defaultValue = "async",
      paramLabel = "MODE",
      description = {
        "async: what came after the last epoch is lost; replay: it is told to the shadow again;",
        "output-commit: no client hears of it before it is safe. ${DEFAULT-VALUE} if not given."
      })
  private String commit;

  @Option(
      names = "--throughput",
      description = {
        "Kill nothing: measure the guest under load without a shadow and with epochs of 1 s and",
        "100 ms, in turns; with --commit output-commit of 100, 50 and 25 ms. Needs redis-tools."
      })
  private boolean throughput;

  @Option(
      names = "--connections",
      defaultValue = "50",
      split = ",",
      paramLabel = "N",
      description =
          "Clients of --throughput at once, one measurement for each number; ${DEFAULT-VALUE}.")
  private List<Integer> connections = new ArrayList<>();

  @Option(
      names = "--rounds",
      defaultValue = "5",
      paramLabel = "N",
      description = "Of --throughput; ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--requests",
      defaultValue = "30000",
      paramLabel = "N",
      description = "Of each measurement of --throughput with 50 clients; ${DEFAULT-VALUE}.")
  private int requests;

  @Option(
      names = "--memory",
      defaultValue = "256",
      paramLabel = "MIB",
      description = "Of the guest; ${DEFAULT-VALUE}.")
  private int memory;

  @Option(
      names = "--epoch",
      defaultValue = "200",
      paramLabel = "MILLIS",
      description = "Between two epochs; ${DEFAULT-VALUE}.")
  private long epoch;

  @Option(
      names = "--writers",
      defaultValue = "1",
      paramLabel = "N",
      description = "Connections that write; ${DEFAULT-VALUE}.")
  private int writers;

  @Option(
      names = "--between",
      defaultValue = "2000",
      paramLabel = "MILLIS",
      description = "How long the client writes before the next kill; ${DEFAULT-VALUE}.")
  private long between;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "For the moments of the kills; ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--out",
      defaultValue = "penumbra-out/lab.html",
      paramLabel = "FILE",
      description = "The report; ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description =
          "Where everything runs, kept afterwards; a temporary one if not given. Keep it short.")
  private Optional<Path> dir = Optional.empty();

  @Option(names = "--no-namespaces", description = "Put all hosts on the loopback interface.")
  private boolean noNamespaces;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  LabCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    require("qemu-system-x86_64", "qemu-system-x86");
    require("haproxy", "haproxy");
    require("named", "bind9");
    if (throughput) {
      require("redis-benchmark", "redis-tools");
    }
    Path place =
        dir.isPresent() ? Files.createDirectories(dir.get()) : Files.createTempDirectory("plab");
    CountDownLatch ended = new CountDownLatch(1);
    endWithTheProcess(Thread.currentThread(), ended);
    try {
      return run(place);
    } catch (InterruptedException e) {
      say("told to end; " + left(Leftovers.of(place)));
      throw e;
    } finally {
      try {
        if (dir.isEmpty()) {
          FileTree.remove(place);
        }
      } finally {
        ended.countDown();
      }
    }
  }

  /**
   * When the process is told to end, whoever runs the lab is interrupted, and waited for: only one
   * thread may start and end the lab's processes.
   */
  private static void endWithTheProcess(Thread runs, CountDownLatch ended) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              if (ended.getCount() == 0) {
                return;
              }
              runs.interrupt();
              try {
                ended.await(TO_END_SECONDS, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
  }

  private static String left(Set<String> left) {
    return left.isEmpty() ? "nothing left behind" : "LEFT BEHIND: " + left;
  }

  private int run(Path place) throws IOException, InterruptedException {
    LabSettings settings = settings(place);
    List<KillFigures> figures = new ArrayList<>();
    List<String> breaches;
    try (Lab lab = new Lab(settings, this::say)) {
      say(
          "all hosts%s, HAProxy, BIND and the control plane are up; logs in %s"
              .formatted(settings.apart() ? " in network namespaces" : " on loopback", place));
      double coldBoot = lab.startGuest();
      if (throughput) {
        LabThroughput.run(lab, commit, connections, requests, rounds, this::say).forEach(this::say);
        return ExitCode.OK;
      }
      RedisWriter writer = lab.writer();
      writer.start();
      for (int i = 1; i <= kills; i++) {
        KillFigures one = lab.kill(i, writer);
        figures.add(one);
        say(line(one));
      }
      breaches = new ArrayList<>(lab.watch().breaches());
      lab.splits().forEach(seen -> breaches.addAll(seen.breaches()));
      List<String> facts = new ArrayList<>(LabSummary.of(settings, figures, coldBoot));
      facts.add(
          breaches.isEmpty()
              ? "looked %,d times at who could serve: never two".formatted(lab.watch().looks())
              : "BREACH: " + breaches);
      lab.splits().forEach(seen -> facts.add(seen.told()));
      facts.forEach(this::say);
      report(
          new LabReport(
              "Penumbra lab: a guest killed %d times".formatted(kills),
              facts,
              figures,
              writer.samples(),
              lab.startNanos()));
    }
    Set<String> left = Leftovers.of(place);
    say(left(left));
    boolean lost =
        !settings.commit().equals("async") && figures.stream().anyMatch(one -> one.lost() > 0);
    return lost || !breaches.isEmpty() || !left.isEmpty() ? 1 : ExitCode.OK;
  }

  private LabSettings settings(Path place) {
    LabSettings.Kill what;
    try {
      what = LabSettings.Kill.valueOf(kill.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new BadInputException(
          "--kill",
          "is '%s'; expected guest, host, silent, split, controller, pair or mixed".formatted(kill),
          "",
          e);
    }
    if (!List.of("async", "replay", "output-commit").contains(commit)) {
      throw new BadInputException(
          "--commit", "is '%s'; expected async, replay or output-commit".formatted(commit), "");
    }
    if (!List.of("warm", "cold").contains(mode)) {
      throw new BadInputException("--mode", "is '%s'; expected warm or cold".formatted(mode), "");
    }
    if (what == LabSettings.Kill.PAIR && !mode.equals("cold")) {
      throw new BadInputException(
          "--kill", "pair leaves nothing but the tier store", "add --mode cold");
    }
    boolean apart = !noNamespaces && "root".equals(System.getProperty("user.name"));
    if (what == LabSettings.Kill.SPLIT) {
      require("tcpdump", "tcpdump");
    }
    boolean cuts = what == LabSettings.Kill.SILENT || what == LabSettings.Kill.SPLIT;
    if (cuts && !apart) {
      throw new BadInputException(
          "--kill", kill + " needs network namespaces", "run it as root, without --no-namespaces");
    }
    Path cache = Path.of(System.getProperty("user.home"), ".cache", "penumbra");
    return new LabSettings(
        place.toAbsolutePath(),
        cache,
        kills,
        what,
        ShadowMode.valueOf(mode.toUpperCase(Locale.ROOT)),
        commit,
        memory,
        Duration.ofMillis(epoch),
        writers,
        Duration.ofMillis(between),
        apart,
        seed);
  }

  private static void require(String binary, String debianPackage) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String directory : path.split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, binary))) {
        return;
      }
    }
    throw new BadInputException(
        binary, "is not on this machine", "as root: apt-get install " + debianPackage);
  }

  private static String line(KillFigures one) {
    return String.format(
        Locale.ROOT,
        "kill %d (%s on %s): detected %.0f ms, active %.0f ms, first write served %.0f ms; %,d writes acked, %,d lost",
        one.number(),
        one.how(),
        one.from(),
        one.detected(),
        one.active(),
        one.served(),
        one.acked(),
        one.lost());
  }

  private void report(LabReport report) throws IOException {
    if (out.toAbsolutePath().getParent() != null) {
      Files.createDirectories(out.toAbsolutePath().getParent());
    }
    report.write(out);
    say("report: " + out);
  }

  private void say(String line) {
    PrintWriter to = spec.commandLine().getOut();
    to.println(line);
    to.flush();
  }
}
