package io.penumbra.app.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.BadInputException;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the lab asks {@code serve}. */
final class LabApi implements AutoCloseable {

  private static final Duration SOON = Duration.ofSeconds(10);

  private final JsonClient http;

  LabApi(URI root, String token) {
    http = new JsonClient(root, Optional.of(token), Optional.empty(), Duration.ofSeconds(1));
  }

  /** Whether the control loop works. */
  boolean works() throws InterruptedException {
    return http.get("/health", JsonNode.class, SOON) instanceof Reply.Ok<JsonNode>;
  }

  int hosts() throws InterruptedException {
    return http.get("/v1/hosts", JsonNode.class, SOON) instanceof Reply.Ok<JsonNode>(JsonNode hosts)
        ? hosts.size()
        : 0;
  }

  void start(String vm, Object spec) throws InterruptedException {
    Reply<JsonNode> reply = http.put("/v1/vms/" + vm, spec, JsonNode.class, Duration.ofSeconds(90));
    if (!(reply instanceof Reply.Ok<JsonNode>)) {
      throw new BadInputException(
          vm, "could not be started: " + reply, "see the logs of the agents");
    }
  }

  /** What serve knows of a VM. */
  record VmState(String host, boolean isProtected, int shadows) {}

  Optional<VmState> vm(String vm) throws InterruptedException {
    if (!(http.get("/v1/vms/" + vm, JsonNode.class, SOON)
        instanceof Reply.Ok<JsonNode>(JsonNode json))) {
      return Optional.empty();
    }
    boolean ready = false;
    for (JsonNode shadow : json.path("shadows")) {
      ready |= shadow.path("state").asText().equals("READY");
    }
    boolean moving = json.hasNonNull("saga");
    return Optional.of(
        new VmState(
            json.path("host").path("value").asText(),
            ready && !moving,
            json.path("shadows").size()));
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
    if (!(http.get("/v1/failovers", JsonNode.class, SOON)
        instanceof Reply.Ok<JsonNode>(JsonNode json))) {
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
