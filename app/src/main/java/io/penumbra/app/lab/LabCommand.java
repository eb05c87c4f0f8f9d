package io.penumbra.app.lab;

import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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
        "of the failover; mixed: all of these. ${DEFAULT-VALUE} if not given."
      })
  private String kill;

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
    Path place =
        dir.isPresent() ? Files.createDirectories(dir.get()) : Files.createTempDirectory("plab");
    LabSettings settings = settings(place);
    List<KillFigures> figures = new ArrayList<>();
    try (Lab lab = new Lab(settings, this::say)) {
      say(
          "two hosts%s, HAProxy, BIND and the control plane are up; logs in %s"
              .formatted(settings.apart() ? " in network namespaces" : " on loopback", place));
      Runtime.getRuntime().addShutdownHook(new Thread(lab::close));
      double coldBoot = lab.startGuest();
      RedisWriter writer = lab.writer();
      writer.start();
      for (int i = 1; i <= kills; i++) {
        KillFigures one = lab.kill(i, writer);
        figures.add(one);
        say(line(one));
      }
      List<String> facts = facts(settings, figures, coldBoot);
      facts.forEach(this::say);
      report(
          new LabReport(
              "Penumbra lab: a guest killed %d times".formatted(kills),
              facts,
              figures,
              writer.samples(),
              lab.startNanos()));
    } finally {
      if (dir.isEmpty()) {
        remove(place);
      }
    }
    boolean lost = figures.stream().anyMatch(one -> one.lost() > 0);
    return lost && !settings.commit().equals("async") ? 1 : ExitCode.OK;
  }

  private LabSettings settings(Path place) {
    LabSettings.Kill what;
    try {
      what = LabSettings.Kill.valueOf(kill.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new BadInputException(
          "--kill",
          "is '%s'; expected guest, host, silent, controller or mixed".formatted(kill),
          "",
          e);
    }
    if (!List.of("async", "replay", "output-commit").contains(commit)) {
      throw new BadInputException(
          "--commit", "is '%s'; expected async, replay or output-commit".formatted(commit), "");
    }
    boolean apart = !noNamespaces && "root".equals(System.getProperty("user.name"));
    if (what == LabSettings.Kill.SILENT && !apart) {
      throw new BadInputException(
          "--kill", "silent needs network namespaces", "run it as root, without --no-namespaces");
    }
    Path cache = Path.of(System.getProperty("user.home"), ".cache", "penumbra");
    return new LabSettings(
        place.toAbsolutePath(),
        cache,
        kills,
        what,
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

  private static List<String> facts(
      LabSettings settings, List<KillFigures> kills, double coldBoot) {
    Quantiles served = Quantiles.of(kills.stream().mapToDouble(KillFigures::served).toArray());
    Quantiles detected = Quantiles.of(kills.stream().mapToDouble(KillFigures::detected).toArray());
    Quantiles active = Quantiles.of(kills.stream().mapToDouble(KillFigures::active).toArray());
    long lost = kills.stream().mapToLong(KillFigures::lost).sum();
    return List.of(
        "%d MiB, an epoch every %d ms, commit mode %s, %d writer(s)"
            .formatted(
                settings.memoryMib(),
                settings.epoch().toMillis(),
                settings.commit(),
                settings.writers()),
        String.format(
            Locale.ROOT,
            "after the kill, ms, p50 / p99 / worst of %d: detected %.0f / %.0f / %.0f, active %.0f / %.0f / %.0f, first write served %.0f / %.0f / %.0f",
            served.count(),
            detected.p50(),
            detected.p99(),
            detected.max(),
            active.p50(),
            active.p99(),
            active.max(),
            served.p50(),
            served.p99(),
            served.max()),
        "acknowledged writes lost: %,d".formatted(lost),
        String.format(
            Locale.ROOT, "the same guest booted cold, until it answered: %.0f ms", coldBoot));
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

  private static void remove(Path directory) {
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
