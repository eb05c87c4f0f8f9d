package io.penumbra.app.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.BadInputException;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the lab asks {@code serve}. */
final class LabApi implements AutoCloseable {

  private static final Duration SOON = Duration.ofSeconds(10);
  private static final Duration SUSPECTED_FOR = Duration.ofSeconds(90);
  private static final Duration AWAY_FOR = Duration.ofSeconds(60);

  private final JsonClient http;

  LabApi(URI root, String token) {
    http = new JsonClient(root, Optional.of(token), Optional.empty(), Duration.ofSeconds(1));
  }

  /** Whether the control loop works. */
  boolean works() throws InterruptedException {
    return http.get("/health", JsonNode.class, SOON) instanceof Reply.Ok<JsonNode>;
  }

  /** How many hosts may be used. */
  int hostsUp() throws InterruptedException {
    int up = 0;
    if (http.get("/v1/hosts", JsonNode.class, SOON) instanceof Reply.Ok<JsonNode>(JsonNode hosts)) {
      for (JsonNode host : hosts) {
        up += host.path("condition").asText().equals("up") ? 1 : 0;
      }
    }
    return up;
  }

  /** Asks again for as long as a host is only under suspicion, as one may be while it starts. */
  void start(String vm, Object spec) throws InterruptedException {
    long end = System.nanoTime() + SUSPECTED_FOR.toNanos();
    Reply<JsonNode> reply = put(vm, spec);
    while (reply instanceof Reply.Refused<JsonNode> refused
        && refused.status() == 503
        && System.nanoTime() < end) {
      Thread.sleep(100);
      reply = put(vm, spec);
    }
    if (!(reply instanceof Reply.Ok<JsonNode>)) {
      throw new BadInputException(
          vm, "could not be started: " + reply, "see the logs of the agents");
    }
  }

  private Reply<JsonNode> put(String vm, Object spec) throws InterruptedException {
    return http.put("/v1/vms/" + vm, spec, JsonNode.class, Duration.ofSeconds(90));
  }

  /** Asks again while serve is away or too slow: nothing is not the same as no answer. */
  private Reply<JsonNode> answer(String path) throws InterruptedException {
    long end = System.nanoTime() + AWAY_FOR.toNanos();
    Reply<JsonNode> reply = http.get(path, JsonNode.class, SOON);
    while (isNone(reply) && System.nanoTime() < end) {
      Thread.sleep(10);
      reply = http.get(path, JsonNode.class, SOON);
    }
    return reply;
  }

  private static boolean isNone(Reply<JsonNode> reply) {
    return switch (reply) {
      case Reply.Ok<JsonNode> ok -> false;
      case Reply.Refused<JsonNode> refused -> refused.status() >= 500;
      case Reply.Unreachable<JsonNode> unreachable -> true;
      case Reply.Unclear<JsonNode> unclear -> true;
    };
  }

  /** What serve knows of a VM. */
  record VmState(String host, boolean isProtected, List<String> shadowHosts) {

    int shadows() {
      return shadowHosts.size();
    }
  }

  Optional<VmState> vm(String vm) throws InterruptedException {
    if (!(answer("/v1/vms/" + vm) instanceof Reply.Ok<JsonNode>(JsonNode json))) {
      return Optional.empty();
    }
    boolean ready = false;
    List<String> on = new ArrayList<>();
    for (JsonNode shadow : json.path("shadows")) {
      on.add(shadow.path("host").path("value").asText());
      ready |= shadow.path("state").asText().equals("READY") && shadow.path("protects").asBoolean();
    }
    boolean moving = json.hasNonNull("saga");
    return Optional.of(new VmState(json.path("host").path("value").asText(), ready && !moving, on));
  }

  /** Asks for something to be done with a VM, and takes the answer as it is. */
  Reply<JsonNode> order(String vm, String what, Object body) throws InterruptedException {
    return http.post(
        "/v1/vms/%s/%s".formatted(vm, what), body, JsonNode.class, Duration.ofSeconds(60));
  }

  /** One line of the ledger. */
  record Failover(
      String saga,
      String reason,
      String from,
      String to,
      Instant suspectedAt,
      Instant promotedAt,
      SortedMap<String, Double> steps,
      String proof) {}

  /** The newest failover that is done; empty if there is none. */
  Optional<Failover> lastFailover() throws InterruptedException {
    if (!(answer("/v1/failovers") instanceof Reply.Ok<JsonNode>(JsonNode json))) {
      return Optional.empty();
    }
    JsonNode done = json.path("done");
    return done.isEmpty() ? Optional.empty() : Optional.of(failover(done.get(done.size() - 1)));
  }

  private static Failover failover(JsonNode line) {
    TreeMap<String, Double> steps = new TreeMap<>();
    for (JsonNode timing : line.path("timings")) {
      SagaStep step = SagaStep.valueOf(timing.path("step").asText());
      if (step != SagaStep.WATCH) {
        steps.put(
            "%02d %s"
                .formatted(
                    List.of(SagaStep.values()).indexOf(step),
                    step.name().toLowerCase(Locale.ROOT).replace('_', ' ')),
            Duration.parse(timing.path("took").asText()).toNanos() / 1e6);
      }
    }
    return new Failover(
        line.path("saga").path("value").asText(),
        line.path("reason").asText(),
        line.path("from").path("value").asText(),
        line.path("to").path("value").asText(),
        Instant.parse(line.path("suspectedAt").asText()),
        Instant.parse(line.path("promotedAt").asText()),
        steps,
        line.path("fencingProof").asText());
  }

  @Override
  public void close() {
    http.close();
  }
}
