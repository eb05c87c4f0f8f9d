package io.penumbra.app.serve;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.policy.PolicyField;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import io.penumbra.scheduler.SchedulerSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
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
    @About(value = "how failovers are carried out", otherwise = "see below")
        Optional<Scheduler> scheduler,
    @About(value = "who is called when a person is wanted", otherwise = "the log only")
        Optional<Calls> alerts,
    @About("the cloud that is looked after") CloudConfig cloud) {

  /** Who is called. */
  record Calls(
      @About(
              "where each alert is posted as JSON: https://..., or file:PATH or env:NAME if the address is a secret")
          String webhook,
      @About(value = "its bearer token: file:PATH or env:NAME", otherwise = "none")
          Optional<String> token) {}

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

  /** How failovers are carried out. */
  record Scheduler(
      @About(value = "how far apart heartbeats are expected", otherwise = "PT0.1S")
          Optional<Duration> heartbeat,
      @About(value = "how long a host is kept out of service after a failover", otherwise = "PT1H")
          Optional<Duration> watch,
      @About(value = "first wait before a missing shadow is tried again", otherwise = "PT30S")
          Optional<Duration> shadowRetry,
      @About(value = "how often the whole cloud is read again", otherwise = "PT10M")
          Optional<Duration> reconcileEvery,
      @About(
              value = "failovers allowed in ten minutes; 0 for no limit",
              otherwise = "by the size of the fleet")
          Optional<Integer> breaker) {}

  SchedulerSettings schedulerSettings() {
    SchedulerSettings usual = usualPace();
    if (scheduler.isEmpty()) {
      return usual;
    }
    Scheduler asked = scheduler.get();
    SchedulerSettings.Detector detector = usual.detector();
    SchedulerSettings.Breaker breaker = usual.breaker();
    Duration retry = asked.shadowRetry().orElse(usual.shadows().retry());
    Duration interval = asked.heartbeat().orElse(detector.interval());
    Optional<SchedulerSettings.Limit> limit =
        asked.breaker().map(most -> new SchedulerSettings.Limit(most, 1, Math.max(1, most)));
    return usual
        .withLoop(
            usual
                .loop()
                .withReconcileEvery(asked.reconcileEvery().orElse(usual.loop().reconcileEvery())))
        .withDetector(
            new SchedulerSettings.Detector(
                interval,
                detector.window(),
                detector.phi(),
                jitterMin(interval, detector.stdDevMin()),
                detector.healthMax(),
                detector.healthRecovery(),
                detector.lateTolerance(),
                detector.massShare(),
                detector.massMin()))
        .withWatch(new SchedulerSettings.Watch(asked.watch().orElse(usual.watch().window())))
        .withBreaker(
            new SchedulerSettings.Breaker(
                !asked.breaker().equals(Optional.of(0)),
                breaker.window(),
                limit.orElse(breaker.hosts()),
                limit.orElse(breaker.guests()),
                limit.orElse(breaker.moves())))
        .withShadows(
            new SchedulerSettings.Shadows(
                usual.shadows().createTimeout(),
                usual.shadows().commandTimeout(),
                retry,
                usual.shadows().retryMax().compareTo(retry) < 0
                    ? retry
                    : usual.shadows().retryMax()));
  }

  /**
   * Whoever beats faster is missed sooner. What a link and a host really need is learned from their
   * heartbeats; this is only the least that is believed of them.
   */
  private static Duration jitterMin(Duration interval, Duration usual) {
    Duration share = interval.multipliedBy(2).dividedBy(5);
    return share.compareTo(usual) < 0 ? share : usual;
  }

  private static final Duration USUAL_RPO = Duration.parse("PT" + PolicyField.RPO.builtIn());

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
    if (secrets.isEmpty() && !cloud.knowsCallers()) {
      throw new BadInputException(
          "tokens",
          "is empty; expected at least one caller",
          "such as  operator: file:/etc/penumbra/operator.token");
    }
    return secrets;
  }

  /**
   * Protection rules, read. What nobody has asked for is not promised: where states are cut less
   * often than the built-in default wants them, that is the default.
   */
  PolicyResolver policyResolver() {
    try {
      PolicyRules rules =
          policies.isPresent() ? PolicyRules.read(Path.of(policies.get())) : PolicyRules.none();
      return new PolicyResolver(
          cloud
              .statesApart()
              .filter(apart -> apart.compareTo(USUAL_RPO) > 0)
              .map(apart -> rules.otherwise(PolicyField.RPO, apart.toSeconds() + "s"))
              .orElse(rules));
    } catch (IOException e) {
      throw new UncheckedIOException("policies: can't be read", e);
    }
  }

  /** A cloud's own reports come seconds apart, and its API takes seconds for what agents do. */
  private SchedulerSettings usualPace() {
    return switch (cloud) {
      case CloudConfig.Agents agents -> SchedulerSettings.defaults();
      case CloudConfig.OpenStack openstack -> OpenStackPlug.pace(openstack);
    };
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
