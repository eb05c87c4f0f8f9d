package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Outcome;

/** Who carries out which command. */
final class CloudWork {

  private final ServerWork servers;
  private final HostWork hosts;

  CloudWork(ServerWork servers, HostWork hosts) {
    this.servers = servers;
    this.hosts = hosts;
  }

  static String laneOf(CloudCommand command) {
    return switch (command) {
      case Command.ProbeHost c -> "probe " + c.host();
      case Command.SetQuarantine c -> "host " + c.host();
      case Command.CreateShadow c -> "vm " + c.vm();
      case Command.ChangeShadowMode c -> "vm " + c.vm();
      case Command.ResizeShadow c -> "vm " + c.vm();
      case Command.DeleteShadow c -> "vm " + c.vm();
      case Command.SetEpochInterval c -> "vm " + c.vm();
      case Command.AllocateShadow c -> "vm " + c.vm();
      case Command.SyncLast c -> "vm " + c.vm();
      case Command.ResumePrimary c -> "vm " + c.vm();
      case Command.Activate c -> "vm " + c.vm();
      case Command.VerifyService c -> "vm " + c.vm();
      case Command.RetirePrimary c -> "vm " + c.vm();
    };
  }

  Outcome carryOut(CloudCommand command) throws InterruptedException {
    try {
      return switch (command) {
        case Command.ProbeHost c -> hosts.probe(c);
        case Command.SetQuarantine c -> hosts.quarantine(c);
        case Command.CreateShadow c -> servers.create(c);
        case Command.ChangeShadowMode c -> servers.changeMode(c);
        case Command.ResizeShadow c -> servers.resize(c);
        case Command.DeleteShadow c -> servers.delete(c);
        case Command.SetEpochInterval c -> servers.setInterval(c);
        case Command.AllocateShadow c -> servers.allocate(c);
        case Command.SyncLast c -> servers.sync(c);
        case Command.ResumePrimary c -> servers.resume(c);
        case Command.Activate c -> servers.activate(c);
        case Command.VerifyService c -> servers.verify(c);
        case Command.RetirePrimary c -> servers.retire(c);
      };
    } catch (Refusal refusal) {
      return refusal.outcome();
    } catch (CloudUnavailableException e) {
      return new Outcome.Unknown(String.valueOf(e.getMessage()));
    }
  }
}
