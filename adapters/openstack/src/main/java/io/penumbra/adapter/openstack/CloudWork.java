package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Outcome;

/** Who carries out which command. */
final class CloudWork {

  private final ServerWork servers;
  private final HostWork hosts;
  private final Turns turns;

  CloudWork(ServerWork servers, HostWork hosts, Turns turns) {
    this.servers = servers;
    this.hosts = hosts;
    this.turns = turns;
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
        case Command.SetEpochInterval c -> servers.setInterval(c);
        case Command.CreateShadow c -> inTurn(c.vm(), () -> servers.create(c));
        case Command.ChangeShadowMode c -> inTurn(c.vm(), () -> servers.changeMode(c));
        case Command.ResizeShadow c -> inTurn(c.vm(), () -> servers.resize(c));
        case Command.DeleteShadow c -> inTurn(c.vm(), () -> servers.delete(c));
        case Command.AllocateShadow c -> inTurn(c.vm(), () -> servers.allocate(c));
        case Command.SyncLast c -> inTurn(c.vm(), () -> servers.sync(c));
        case Command.ResumePrimary c -> inTurn(c.vm(), () -> servers.resume(c));
        case Command.Activate c -> inTurn(c.vm(), () -> servers.activate(c));
        case Command.VerifyService c -> inTurn(c.vm(), () -> servers.verify(c));
        case Command.RetirePrimary c -> inTurn(c.vm(), () -> servers.retire(c));
      };
    } catch (Refusal refusal) {
      return refusal.outcome();
    } catch (CloudUnavailableException e) {
      return new Outcome.Unknown(String.valueOf(e.getMessage()));
    }
  }

  /** Part of the work on one VM. */
  private interface Part {
    Outcome run() throws InterruptedException, Refusal;
  }

  /** Not while a newer state is being put under one of its shadows. */
  private Outcome inTurn(VmId vm, Part part) throws InterruptedException, Refusal {
    turns.begin(vm);
    try {
      return part.run();
    } finally {
      turns.end(vm);
    }
  }
}
