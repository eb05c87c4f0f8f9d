package io.penumbra.adapter.qemu.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** Calls one agent. Every method waits for the answer, so call it from a virtual thread. */
public final class AgentClient implements AutoCloseable {

  private static final Duration CONNECT = Duration.ofMillis(700);
  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final Duration LATE = Duration.ofSeconds(10);
  private static final Duration LONG = Duration.ofSeconds(60);

  /** An epoch that only the tier store has is restored meanwhile. */
  private static final Duration ROLL_BACK = Duration.ofMinutes(2);

  private static final Duration VERIFY = Duration.ofMinutes(2);

  private final JsonClient http;

  /**
   * Calls the agent there.
   *
   * @param address for example {@code http://10.0.0.5:7070}
   * @param token the secret that agents and controller share
   */
  public AgentClient(String address, String token, Optional<SSLContext> tls) {
    http = new JsonClient(URI.create(address), Optional.of(token), tls, CONNECT);
  }

  /** How far a shadow is filled. */
  public record ShadowProgress(boolean complete, long term, long epoch) {}

  /** Whether clients of a guest are told nothing that its shadow could lose, as its gateway can. */
  public record Guard(boolean guarded) {}

  /** Which agent to look at. */
  public record Probe(String address) {}

  /** What was seen of it. */
  public record Reached(boolean reached, String evidence) {}

  public String address() {
    return http.root().toString();
  }

  /** Whether it answers at all. */
  public Reply<Nothing> health(Duration within) throws InterruptedException {
    return understood(http.get("/v1/health", JsonNode.class, within), Nothing.class);
  }

  /** How it describes a VM that it has. */
  public Reply<VmSpec> spec(VmId vm) throws InterruptedException {
    return understood(http.get(vm(vm), JsonNode.class, SHORT), VmSpec.class);
  }

  /** Starts a VM, or describes one anew. */
  public Reply<Nothing> start(VmSpec spec) throws InterruptedException {
    return put(vm(spec.vm().id()), spec, Nothing.class, LONG);
  }

  /** Its owner wants it no more. */
  public Reply<Nothing> delete(VmId vm) throws InterruptedException {
    return understood(http.delete(vm(vm), JsonNode.class, LONG), Nothing.class);
  }

  /** Carries out a command; the outcome is the answer. */
  public Reply<Outcome> execute(Command command, Duration within) throws InterruptedException {
    return post("/v1/commands", command, Outcome.class, within);
  }

  /** Prepares a shadow. */
  public Reply<ShadowSeat> prepare(ShadowOrder order) throws InterruptedException {
    return put("/v1/shadows/" + encode(order.spec().vm().id()), order, ShadowSeat.class, LONG);
  }

  /** Waits until a shadow is complete with a state of at least that term, or for so long. */
  public Reply<ShadowProgress> awaitComplete(VmId vm, long term, Duration wait)
      throws InterruptedException {
    String path =
        "/v1/shadows/%s?term=%d&waitMillis=%d".formatted(encode(vm), term, wait.toMillis());
    return understood(http.get(path, JsonNode.class, wait.plus(LATE)), ShadowProgress.class);
  }

  /** Waits until a guest's gateway holds or keeps what its shadow has not, or for so long. */
  public Reply<Guard> awaitGuard(VmId vm, Duration wait) throws InterruptedException {
    String path = "/v1/vms/%s/guard?waitMillis=%d".formatted(encode(vm), wait.toMillis());
    return understood(http.get(path, JsonNode.class, wait.plus(LATE)), Guard.class);
  }

  /** Makes a shadow of what the tier store has; waits for all of it. */
  public Reply<ShadowProgress> restore(VmId vm, RestoreOrder order, Duration within)
      throws InterruptedException {
    return post(
        "/v1/shadows/%s/restore".formatted(encode(vm)), order, ShadowProgress.class, within);
  }

  /** Back to which epoch: a number, or the last at which the guest was well. */
  public record RollBack(Optional<Long> epoch) {}

  /** Has a shadow go back, before it takes over. */
  public Reply<Nothing> rollBack(VmId vm, Optional<Long> epoch) throws InterruptedException {
    return post(
        "/v1/shadows/%s/roll-back".formatted(encode(vm)),
        new RollBack(epoch),
        Nothing.class,
        ROLL_BACK);
  }

  /** How long requests are collected before the copy is told. */
  public record Verify(long listenMillis) {
    public Verify {
      if (listenMillis < 1 || listenMillis > 60_000) {
        throw new IllegalArgumentException(
            "listenMillis %d; expected 1 to 60000".formatted(listenMillis));
      }
    }
  }

  /** Has a copy of a shadow's epoch answer what its primary is asked meanwhile. */
  public Reply<AnswerReport> verify(VmId vm, Duration listen) throws InterruptedException {
    return post(
        "/v1/shadows/%s/verify".formatted(encode(vm)),
        new Verify(listen.toMillis()),
        AnswerReport.class,
        listen.plus(VERIFY));
  }

  /** How much of the CPU a guest gets, against others. */
  public record CpuShare(int weight) {
    public CpuShare {
      if (weight < 1 || weight > 10_000) {
        throw new IllegalArgumentException(
            "weight %d; expected 1 to 10000, 100 is normal".formatted(weight));
      }
    }
  }

  /** Gives a guest more or less of the CPU; refused as {@code not-here} where that can't be. */
  public Reply<Nothing> share(VmId vm, int weight) throws InterruptedException {
    return put(vm(vm) + "/cpu-share", new CpuShare(weight), Nothing.class, SHORT);
  }

  /** Why a guest that answers is not to be believed. */
  public record Doubt(String reason) {}

  /** Has a primary's agent say that its guest has failed. */
  public Reply<Nothing> doubt(VmId vm, String reason) throws InterruptedException {
    return post(vm(vm) + "/doubt", new Doubt(reason), Nothing.class, SHORT);
  }

  /** Makes a primary's agent send to a shadow. */
  public Reply<Nothing> replicate(VmId vm, ReplicaOrder order) throws InterruptedException {
    return put(replica(vm, order.host()), order, Nothing.class, LONG);
  }

  /** Makes it stop. */
  public Reply<Nothing> stopReplicating(VmId vm, HostId host) throws InterruptedException {
    return understood(http.delete(replica(vm, host), JsonNode.class, SHORT), Nothing.class);
  }

  /** Asks a keeper to renew a primary's lease. */
  public Reply<LeaseCalls.Renewal> renew(VmId vm, LeaseCalls.Renew renew, Duration within)
      throws InterruptedException {
    return post(lease(vm, "renew"), renew, LeaseCalls.Renewal.class, within);
  }

  /** Tells a keeper to let a lease run out, and asks when it has. */
  public Reply<LeaseCalls.End> stopRenewing(VmId vm, LeaseCalls.Stop stop)
      throws InterruptedException {
    return post(lease(vm, "stop"), stop, LeaseCalls.End.class, SHORT);
  }

  /** Tells a shadow's agent that its primary serves on. */
  public Reply<Nothing> takeUp(VmId vm) throws InterruptedException {
    return post(lease(vm, "take-up"), new Nothing(), Nothing.class, SHORT);
  }

  /** Asks it whether it reaches another agent. */
  public Reply<Reached> probe(String other, Duration within) throws InterruptedException {
    return post("/v1/probe", new Probe(other), Reached.class, within);
  }

  @Override
  public void close() {
    http.close();
  }

  private <T> Reply<T> post(String path, Object body, Class<T> type, Duration within)
      throws InterruptedException {
    return understood(http.post(path, AgentJson.tree(body), JsonNode.class, within), type);
  }

  private <T> Reply<T> put(String path, Object body, Class<T> type, Duration within)
      throws InterruptedException {
    return understood(http.put(path, AgentJson.tree(body), JsonNode.class, within), type);
  }

  /** The same with our own types in it. */
  private <T> Reply<T> understood(Reply<JsonNode> reply, Class<T> type) {
    return switch (reply) {
      case Reply.Ok<JsonNode>(JsonNode json) -> {
        try {
          yield new Reply.Ok<>(AgentJson.read(json, type));
        } catch (IOException e) {
          yield new Reply.Unclear<>(
              "%s answered in unknown words: %s".formatted(address(), e.getMessage()));
        }
      }
      case Reply.Refused<JsonNode>(int status, String code, String detail) ->
          new Reply.Refused<>(status, code, detail);
      case Reply.Unreachable<JsonNode>(String why) -> new Reply.Unreachable<>(why);
      case Reply.Unclear<JsonNode>(String why) -> new Reply.Unclear<>(why);
    };
  }

  private static String vm(VmId vm) {
    return "/v1/vms/" + encode(vm);
  }

  private static String replica(VmId vm, HostId host) {
    return "/v1/vms/%s/replicas/%s".formatted(encode(vm), encode(host));
  }

  private static String lease(VmId vm, String verb) {
    return "/v1/leases/%s/%s".formatted(encode(vm), verb);
  }

  private static String encode(Object id) {
    return URLEncoder.encode(id.toString(), StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public String toString() {
    return "agent at " + address();
  }
}
