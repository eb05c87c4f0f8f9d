package io.penumbra.adapter.fencing.redfish;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.fencing.PowerSwitch;
import io.penumbra.adapter.fencing.redfish.RedfishCall.Accepted;
import io.penumbra.adapter.fencing.redfish.RedfishCall.Answer;
import io.penumbra.adapter.fencing.redfish.RedfishCall.Refused;
import io.penumbra.adapter.fencing.redfish.RedfishCall.Resource;
import io.penumbra.adapter.fencing.redfish.RedfishCall.Silent;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/**
 * Switches a host off by its management controller. What the controller promises counts for
 * nothing: only a power state that reads {@code Off}, more than once, is proof.
 */
public final class RedfishSwitch implements PowerSwitch {

  /**
   * How patient we are.
   *
   * @param answer for one request
   * @param off from the first request until the power reads off
   * @param lookEvery between two looks
   * @param looks how many looks in a row have to find it off: some controllers answer from memory
   */
  public record Settings(Duration answer, Duration off, Duration lookEvery, int looks) {
    public Settings {
      if (!answer.isPositive() || !off.isPositive() || !lookEvery.isPositive() || looks < 1) {
        throw new IllegalArgumentException(
            "answer %s, off %s, lookEvery %s, looks %d; expected more than nothing each"
                .formatted(answer, off, lookEvery, looks));
      }
    }

    public static Settings defaults() {
      return new Settings(Duration.ofSeconds(5), Duration.ofSeconds(20), Duration.ofMillis(200), 2);
    }
  }

  private sealed interface Look {}

  private record Power(String state, JsonNode system) implements Look {
    boolean isOff() {
      return state.equals("Off");
    }
  }

  private record Blind(String why) implements Look {}

  private final Function<HostId, Optional<RedfishEndpoint>> endpoints;
  private final Settings settings;

  public RedfishSwitch(Function<HostId, Optional<RedfishEndpoint>> endpoints, Settings settings) {
    this.endpoints = endpoints;
    this.settings = settings;
  }

  @Override
  public FencingResult powerOff(HostId host) throws InterruptedException {
    Optional<RedfishEndpoint> endpoint = endpoints.apply(host);
    if (endpoint.isEmpty()) {
      return new FencingResult.Unknown("%s has no management controller".formatted(host));
    }
    long deadline = System.nanoTime() + settings.off().toNanos();
    try (RedfishCall call = new RedfishCall(endpoint.get(), settings.answer())) {
      Optional<String> refused = call.logIn();
      if (refused.isPresent()) {
        return unknown(host, refused.get());
      }
      return new Attempt(host, endpoint.get(), call, deadline).run();
    } catch (IOException | GeneralSecurityException e) {
      return unknown(host, e.getClass().getSimpleName() + " before it could be asked");
    }
  }

  private static FencingResult unknown(HostId host, String why) {
    return new FencingResult.Unknown("the management controller of %s: %s".formatted(host, why));
  }

  /** One attempt at one host. */
  private final class Attempt {

    private final HostId host;
    private final RedfishEndpoint endpoint;
    private final RedfishCall call;
    private final long deadline;
    private String path = "";

    Attempt(HostId host, RedfishEndpoint endpoint, RedfishCall call, long deadline) {
      this.host = host;
      this.endpoint = endpoint;
      this.call = call;
      this.deadline = deadline;
    }

    FencingResult run() throws InterruptedException {
      Optional<String> lost = findSystem();
      if (lost.isPresent()) {
        return unknown(host, lost.get());
      }
      return switch (look()) {
        case Blind(String why) -> unknown(host, why);
        case Power power when power.isOff() -> readUntilOff("it was off before", true);
        case Power power -> order(power.system());
      };
    }

    private Optional<String> findSystem() throws InterruptedException {
      if (endpoint.system().isPresent()) {
        path = endpoint.system().get();
        return Optional.empty();
      }
      if (!(call.get("/redfish/v1/Systems") instanceof Resource(JsonNode systems))) {
        return Optional.of("it does not list its systems");
      }
      JsonNode members = systems.path("Members");
      Optional<String> only =
          members.size() == 1
              ? call.pathOf(members.path(0).path("@odata.id").asText(""))
              : Optional.empty();
      path = only.orElse("");
      return only.isPresent()
          ? Optional.empty()
          : Optional.of(
              "it has %d systems; which of them is %s has to be configured"
                  .formatted(members.size(), host));
    }

    private Look look() throws InterruptedException {
      return switch (call.get(path)) {
        case Resource(JsonNode system) -> {
          String uuid = system.path("UUID").asText("");
          boolean other =
              endpoint.uuid().isPresent() && !endpoint.uuid().get().equalsIgnoreCase(uuid);
          if (other) {
            yield new Blind(
                "it is that of machine %s, not of %s".formatted(uuid, endpoint.uuid().get()));
          }
          String power = system.path("PowerState").asText("");
          yield power.isEmpty()
              ? new Blind("it does not say whether the power is on")
              : new Power(power, system);
        }
        case Refused(int status) -> new Blind("it refuses to say (status %d)".formatted(status));
        case Silent(String why) -> new Blind(why);
        case Accepted(int status) -> new Blind("status " + status);
      };
    }

    private FencingResult order(JsonNode system) throws InterruptedException {
      JsonNode action = system.path("Actions").path("#ComputerSystem.Reset");
      JsonNode allowed = action.path("ResetType@Redfish.AllowableValues");
      if (allowed.isArray() && !contains(allowed, "ForceOff")) {
        return new FencingResult.NotFenced(
            "the management controller of %s offers no ForceOff".formatted(host));
      }
      String target = action.path("target").asText(path + "/Actions/ComputerSystem.Reset");
      Optional<String> here = call.pathOf(target);
      if (here.isEmpty()) {
        return unknown(host, "it wants to be told elsewhere");
      }
      Answer answer = call.post(here.get(), "{\"ResetType\":\"ForceOff\"}");
      return switch (answer) {
        case Accepted(int status) -> readUntilOff("accepted with status " + status, true);
        case Refused refused ->
            readUntilOff("refused with status " + refused.status(), refused.mayHaveBeenDone());
        case Silent(String why) -> readUntilOff("told, without an answer: " + why, true);
        case Resource resource -> readUntilOff("told", true);
      };
    }

    private static boolean contains(JsonNode values, String wanted) {
      for (JsonNode value : values) {
        if (value.asText("").equals(wanted)) {
          return true;
        }
      }
      return false;
    }

    /** Looks until the power has read off often enough, or there is no more point in it. */
    private FencingResult readUntilOff(String told, boolean mayHappen) throws InterruptedException {
      int off = 0;
      while (true) {
        Look look = look();
        off = look instanceof Power power && power.isOff() ? off + 1 : 0;
        if (off >= settings.looks()) {
          return new FencingResult.Fenced(
              "power of %s reads Off %d times (%s)".formatted(host, off, told));
        }
        boolean over = System.nanoTime() - deadline >= 0 || (!mayHappen && off == 0);
        if (over) {
          return inconclusive(look, told);
        }
        Thread.sleep(settings.lookEvery());
      }
    }

    private FencingResult inconclusive(Look look, String told) {
      return switch (look) {
        case Power power when power.isOff() ->
            unknown(host, "power has read Off only just (" + told + ")");
        case Power(String state, JsonNode _) ->
            new FencingResult.NotFenced("power of %s reads %s (%s)".formatted(host, state, told));
        case Blind(String why) -> unknown(host, "%s (%s)".formatted(why, told));
      };
    }
  }
}
