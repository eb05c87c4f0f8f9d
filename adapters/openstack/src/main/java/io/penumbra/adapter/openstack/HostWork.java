package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.event.Outcome.Liveness;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** What is done with whole hosts. */
final class HostWork {

  static final String QUARANTINE = ServiceRecord.OUR_REASON + "quarantine";

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Lookout lookout;
  private final InstantSource clock;

  HostWork(OpenStackSettings settings, Nova nova, Lookout lookout, InstantSource clock) {
    this.settings = settings;
    this.nova = nova;
    this.lookout = lookout;
    this.clock = clock;
  }

  /**
   * Nova's database is the other observer: nova-compute reports there through the message bus and
   * nova-conductor. That Nova does not hear it makes it unreachable, which is far from stopped.
   */
  Outcome probe(Command.ProbeHost command) throws InterruptedException {
    ServiceRecord service;
    try {
      service = lookout.readServices().get(command.host());
    } catch (CloudUnavailableException e) {
      return new Outcome.HostProbed(Liveness.UNDECIDED, "Nova does not answer: " + e.getMessage());
    }
    if (service == null) {
      String why =
          lookout.isHidden(command.host())
              ? "its cell does not answer Nova"
              : "Nova has no such host";
      return new Outcome.HostProbed(Liveness.UNDECIDED, why);
    }
    Instant now = clock.instant();
    Duration silent = service.silentFor(now);
    String evidence =
        "nova-compute last reported %d s ago; Nova says %s%s"
            .formatted(
                silent.toSeconds(),
                service.up() ? "up" : "down",
                service.forcedDown() ? ", forced down" : "");
    if (!service.forcedDown() && !service.up() && lookout.doubtsSilence()) {
      return new Outcome.HostProbed(
          Liveness.UNDECIDED,
          evidence
              + "; the broker is or was away, and who asked through it may still wait for an answer");
    }
    if (service.forcedDown() || !service.up()) {
      return new Outcome.HostProbed(Liveness.UNREACHABLE, evidence);
    }
    boolean fresh = Inventory.isFresh(service, now, settings);
    return new Outcome.HostProbed(fresh ? Liveness.ALIVE : Liveness.UNDECIDED, evidence);
  }

  /** Takes a host out of the scheduler's hands; gives back only what was taken by us. */
  Outcome quarantine(Command.SetQuarantine command) throws InterruptedException, Refusal {
    ServiceRecord service = lookout.readServices().get(command.host());
    if (service == null && lookout.isHidden(command.host())) {
      throw Refusal.unknown(
          "the cell of Nova's that %s is in does not answer".formatted(command.host()));
    }
    if (service == null) {
      throw Refusal.failed("no-host", "Nova has no service on " + command.host());
    }
    boolean wanted = command.quarantined() ? service.enabled() : service.disabledByUs();
    if (!wanted) {
      return new Outcome.Done(); // so it is, or somebody else's reason holds
    }
    ObjectNode change = Rest.object();
    change.put("status", command.quarantined() ? "disabled" : "enabled");
    if (command.quarantined()) {
      change.put("disabled_reason", QUARANTINE);
    }
    Answer answer = nova.setService(service.uuid(), change);
    if (!(answer instanceof Answer.Ok)) {
      throw Refusal.of("service of " + command.host(), answer);
    }
    ServiceRecord after = lookout.readServices().get(command.host());
    if (after == null || after.enabled() == command.quarantined()) {
      throw Refusal.unknown("Nova does not show the change of " + command.host());
    }
    return new Outcome.Done();
  }
}
