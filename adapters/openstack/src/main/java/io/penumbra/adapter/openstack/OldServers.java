package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Outcome;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;

/**
 * Servers that a VM has had, and that must not serve beside the one it has now. Their owner could
 * start them, and a nova-compute that comes back starts what ran when its host lost power ({@code
 * resume_guests_state_on_host_boot}). So they are locked, which only an administrator undoes, and
 * ordered to stop: Nova takes that also for a host that is down, and its compute stops them before
 * it starts anything.
 */
final class OldServers {

  private static final System.Logger LOG = System.getLogger(OldServers.class.getName());

  private final Nova nova;
  private final Books books;
  private final Lookout lookout;
  private final ServerMoves moves;

  OldServers(Nova nova, Books books, Lookout lookout, ServerMoves moves) {
    this.nova = nova;
    this.books = books;
    this.lookout = lookout;
    this.moves = moves;
  }

  /** From now on it is none that serves. What Nova refuses of it holds nobody up. */
  void keepOff(ServerRecord old) throws InterruptedException, Refusal {
    if (old.role() != ServerRecord.Role.RETIRED) {
      mark(old);
    }
    if (!old.isKeptOff()) {
      told(
          "lock",
          old,
          nova.lock(old.id(), "%s for %s".formatted(OpenStackCloud.LOCK_REASON, old.vmId())));
    }
    if (!old.isOff() && !old.task().equals("powering-off")) {
      told("os-stop", old, nova.action(old.id(), "os-stop"));
    }
  }

  /**
   * Nova writes metadata only of a server that is active, paused, suspended or stopped. One that is
   * not is an old one all the same: the term of the one that serves is higher.
   */
  private void mark(ServerRecord old) throws InterruptedException, Refusal {
    try {
      moves.mark(old, Map.of(Mark.ROLE.key(), "retired"));
    } catch (Refusal refusal) {
      boolean conflict =
          refusal.outcome() instanceof Outcome.Failed no && no.code().equals("conflict");
      if (!conflict) {
        throw refusal;
      }
      LOG.log(
          Level.INFO,
          "old server {0} of {1} is {2}, so that Nova writes nothing on it; that it is retired is written later",
          old.id(),
          old.vmId(),
          old.status());
    }
  }

  private static void told(String what, ServerRecord old, Answer answer) {
    if (!ServerWork.isOk(answer) && !ServerMoves.isConflict(answer)) {
      LOG.log(
          Level.WARNING,
          "{0} of old server {1} of {2}: {3}; see that it does not run",
          what,
          old.id(),
          old.vmId(),
          answer);
    }
  }

  /** It serves again, or nothing of its VM is left: its owner may do with it what he likes. */
  void letGo(ServerRecord server) throws InterruptedException {
    if (server.isKeptOff()) {
      told("unlock", server, nova.action(server.id(), "unlock"));
      lookout.hint(server.id());
    }
  }

  /** Of VMs that are gone nobody is to be kept from what is left; unless one is only not seen. */
  void letGoOfRest() throws InterruptedException {
    if (!books.filled() || lookout.isPartial()) {
      return;
    }
    for (VmId vm : books.gone()) {
      for (ServerRecord left : books.all(vm)) {
        if (left.isKeptOff()) {
          try {
            letGo(left);
          } catch (CloudUnavailableException e) {
            return; // later
          }
        }
      }
    }
  }

  /** Those of them that are to be kept off, of a VM that is served by another. */
  static List<ServerRecord> of(List<ServerRecord> all, ServerRecord serving) {
    return all.stream()
        .filter(other -> !other.id().equals(serving.id()))
        .filter(other -> other.role() != ServerRecord.Role.SHADOW)
        .toList();
  }
}
