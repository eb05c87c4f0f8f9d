package io.penumbra.app.register;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.BadInputException;
import io.penumbra.web.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The machine nova-scheduler runs on: the Python package, nova.conf, the token. */
final class SchedulerMachine {

  /** The package, as it lies in the jar; a test holds this against the directory. */
  static final List<String> MODULES =
      List.of("__init__.py", "breaker.py", "check.py", "client.py", "question.py", "scheduler.py");

  private final Registration asked;
  private final Registration.Scheduler machine;
  private final Ledger ledger;

  SchedulerMachine(Registration asked, Registration.Scheduler machine, Ledger ledger) {
    this.asked = asked;
    this.machine = machine;
    this.ledger = ledger;
  }

  void register() {
    Path conf = Path.of(machine.confOrUsual());
    String before =
        SecretFile.read(conf)
            .orElseThrow(() ->
                new BadInputException(
                    "scheduler.conf",
                    conf + " is not there",
                    "leave out scheduler where nova-scheduler runs elsewhere"));
    JsonNode now = lookAhead(conf);
    ledger.ok("Nova %s reads %s", now.path("nova").asText(), conf);
    copyPackage();
    token();
    String after =
        NovaConf.registered(
            before,
            new NovaConf.Usual(
                words(now.path("enabled_filters")), words(now.path("weight_classes"))),
            asked.url(),
            machine.tokenFileOrUsual());
    if (after.equals(before)) {
      ledger.ok("%s says what it has to", conf);
    } else {
      ledger.change(
          () -> SecretFile.write(conf, after, Optional.empty()),
          "%s; restart nova-scheduler and nova-api then",
          conf);
      ledger.text(difference(before, after));
    }
    if (ledger.acts()) {
      verify(look(conf, Path.of(machine.siteOrUsual())));
    }
  }

  void unregister() {
    Path conf = Path.of(machine.confOrUsual());
    Optional<String> before = SecretFile.read(conf);
    String after = before.map(NovaConf::unregistered).orElse("");
    if (before.isPresent() && !after.equals(before.get())) {
      ledger.change(
          () -> SecretFile.write(conf, after, Optional.empty()),
          "%s without Penumbra; restart nova-scheduler and nova-api then",
          conf);
      ledger.text(difference(before.get(), after));
    }
    Path folder = folder();
    if (Files.isDirectory(folder)) {
      ledger.change(() -> deletePackage(folder), "package %s removed", folder);
    }
    Path token = Path.of(machine.tokenFileOrUsual());
    if (SecretFile.exists(token)) {
      ledger.change(() -> SecretFile.delete(token), "token %s removed", token);
    }
  }

  private Path folder() {
    return Path.of(machine.siteOrUsual()).resolve("penumbra_nova");
  }

  private void copyPackage() {
    Path folder = folder();
    List<String> stale =
        MODULES.stream()
            .filter(name ->
                SecretFile.read(folder.resolve(name)).filter(module(name)::equals).isEmpty())
            .toList();
    if (stale.isEmpty()) {
      ledger.ok("package %s", folder);
    } else {
      ledger.change(
          () -> stale.forEach(name -> copy(folder, name)),
          "package %s: %s",
          folder,
          String.join(" ", stale));
    }
  }

  private static void copy(Path folder, String name) {
    SecretFile.write(folder.resolve(name), module(name), Optional.empty());
  }

  private static String module(String name) {
    try (InputStream in = SchedulerMachine.class.getResourceAsStream("/penumbra_nova/" + name)) {
      if (in == null) {
        throw new IllegalStateException("penumbra_nova/%s is not in this jar".formatted(name));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void deletePackage(Path folder) {
    MODULES.forEach(name -> SecretFile.delete(folder.resolve(name)));
    Path compiled = folder.resolve("__pycache__");
    try {
      if (Files.isDirectory(compiled)) {
        try (var files = Files.newDirectoryStream(compiled, "*.pyc")) {
          files.forEach(SecretFile::delete);
        }
        Files.delete(compiled);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void token() {
    Path token = Path.of(machine.tokenFileOrUsual());
    if (SecretFile.exists(token)) {
      ledger.ok("token %s", token);
      return;
    }
    ledger.change(
        () -> {
          SecretFile.readOrMake(token);
          SecretFile.shareWithGroupOf(token, Path.of(machine.confOrUsual()));
        },
        "token %s; serve reads the same one:  tokens: {nova: file:%s}",
        token,
        token);
  }

  /** Nova itself says what it reads there, and whether it could load what is named. */
  private JsonNode look(Path conf, Path site) {
    try {
      ProcessBuilder check =
          new ProcessBuilder(
              machine.pythonOrUsual(),
              "-W",
              "ignore",
              "-m",
              "penumbra_nova.check",
              conf.toString());
      check.environment().put("PYTHONPATH", site.toString());
      check.environment().put("PYTHONDONTWRITEBYTECODE", "1");
      check.redirectError(ProcessBuilder.Redirect.DISCARD);
      Process process = check.start();
      byte[] said = process.getInputStream().readAllBytes();
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new BadInputException(
            "scheduler.python",
            "%s can't read %s as Nova does".formatted(machine.pythonOrUsual(), conf),
            "it needs Nova's packages:  %s -c 'import nova'".formatted(machine.pythonOrUsual()));
      }
      return Json.MAPPER.readTree(said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BadInputException("scheduler.python", "was interrupted", "", e);
    }
  }

  /** Before anything is copied, with a package of this version that is gone again afterwards. */
  private JsonNode lookAhead(Path conf) {
    try {
      Path site = Files.createTempDirectory("penumbra-nova");
      Path ours = site.resolve("penumbra_nova");
      try {
        MODULES.forEach(name -> copy(ours, name));
        return look(conf, site);
      } finally {
        MODULES.forEach(name -> SecretFile.delete(ours.resolve(name)));
        SecretFile.delete(ours);
        SecretFile.delete(site);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void verify(JsonNode now) {
    for (JsonNode problem : now.path("problems")) {
      ledger.problem("nova-scheduler would say: %s", problem.asText());
    }
    if (!words(now.path("weighers")).contains("PenumbraWeigher")) {
      ledger.problem("nova-scheduler would not load PenumbraWeigher");
    } else if (now.path("problems").isEmpty()) {
      ledger.ok(
          "Nova loads filter and weigher; filters: %s",
          String.join(", ", words(now.path("enabled_filters"))));
    }
  }

  private static List<String> words(JsonNode list) {
    List<String> words = new ArrayList<>();
    list.forEach(word -> words.add(word.asText()));
    return words;
  }

  /** Lines that go and lines that come. */
  static String difference(String before, String after) {
    List<String> gone = new ArrayList<>(before.lines().toList());
    after.lines().forEach(gone::remove);
    List<String> come = new ArrayList<>(after.lines().toList());
    before.lines().forEach(come::remove);
    StringBuilder text = new StringBuilder();
    gone.forEach(line -> text.append("- ").append(line).append('\n'));
    come.forEach(line -> text.append("+ ").append(line).append('\n'));
    return text.toString();
  }
}
