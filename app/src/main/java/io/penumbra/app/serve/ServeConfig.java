package io.penumbra.app.serve;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Everything that {@code penumbra serve} is told. */
record ServeConfig(
    @About(value = "address and port of the API", otherwise = "127.0.0.1:7400")
        Optional<String> listen,
    @About("directory of journal and decision log") String state,
    @About("who may call, and where each one's token is: file:PATH or env:NAME")
        Map<String, String> tokens,
    @About(value = "certificate of the API", otherwise = "plain HTTP") Optional<Tls> tls,
    @About(value = "JDBC URL of the journal", otherwise = "SQLite in the state directory")
        Optional<String> journal,
    @About(value = "file of protection rules", otherwise = "built-in defaults, see docs/policy")
        Optional<String> policies,
    @About(value = "how hosts are weighed", otherwise = "every weigher's own multiplier")
        Optional<Placement> placement,
    @About(value = "how much of a host may be promised", otherwise = "see below")
        Optional<Fleet> fleet,
    @About("the cloud that is looked after") CloudConfig cloud) {

  /** A certificate. */
  record Tls(
      @About("PKCS #12 file with key and certificate") String keystore,
      @About("its password: file:PATH or env:NAME") String password,
      @About(
              value = "PKCS #12 file of those whose certificates callers must show",
              otherwise = "none")
          Optional<String> truststore) {}

  /** How hosts are weighed. */
  record Placement(
      @About(value = "weigher to multiplier", otherwise = "the weigher's own")
          Optional<Map<String, Double>> multipliers,
      @About(value = "pair weigher to multiplier", otherwise = "the weigher's own")
          Optional<Map<String, Double>> jointFailure,
      @About(value = "primaries for which shadows are searched", otherwise = "32")
          Optional<Integer> pairCandidatesMax) {}

  /** How much of a host may be promised. */
  record Fleet(
      @About(value = "virtual CPUs per hardware thread", otherwise = "4")
          Optional<Double> cpuOvercommit,
      @About(value = "MiB per MiB of memory", otherwise = "1") Optional<Double> memoryOvercommit,
      @About(value = "GiB per GiB of disk", otherwise = "1") Optional<Double> diskOvercommit) {}

  static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

  Path stateDirectory() {
    return Path.of(state);
  }

  String journalUrl() {
    return journal.orElseGet(() -> "jdbc:sqlite:" + stateDirectory().resolve("journal.db"));
  }

  Path decisionDirectory() {
    return stateDirectory().resolve("decisions");
  }

  /** Every caller's token, read from where the configuration says it is. */
  SortedMap<String, String> secrets() {
    TreeMap<String, String> secrets = new TreeMap<>();
    new TreeMap<>(tokens)
        .forEach((name, where) -> secrets.put(name, Secret.read("tokens." + name, where)));
    if (secrets.isEmpty()) {
      throw new BadInputException(
          "tokens",
          "is empty; expected at least one caller",
          "such as  operator: file:/etc/penumbra/operator.token");
    }
    return secrets;
  }

  PlacementSettings placementSettings() {
    PlacementSettings settings = PlacementSettings.defaults();
    if (placement.isEmpty()) {
      return settings;
    }
    Placement asked = placement.get();
    for (var entry : new TreeMap<>(asked.multipliers().orElse(Map.of())).entrySet()) {
      settings = settings.with(entry.getKey(), entry.getValue(), entry.getValue());
    }
    return new PlacementSettings(
        settings.weighers(),
        new TreeMap<>(asked.jointFailure().orElse(Map.of())),
        asked.pairCandidatesMax().orElse(settings.pairCandidatesMax()),
        settings.sizing());
  }

  FleetSettings fleetSettings() {
    FleetSettings usual = FleetSettings.defaults();
    return fleet
        .map(asked ->
            new FleetSettings(
                asked.cpuOvercommit().orElse(usual.cpuOvercommit()),
                asked.memoryOvercommit().orElse(usual.memoryOvercommit()),
                asked.diskOvercommit().orElse(usual.diskOvercommit()),
                usual.correlated()))
        .orElse(usual);
  }
}
