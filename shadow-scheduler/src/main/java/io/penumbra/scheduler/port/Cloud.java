package io.penumbra.scheduler.port;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import java.util.List;

/** A cloud and its node agents, as the control loop sees them. */
public interface Cloud {

  /** Everything there is, as of {@link Snapshot#cursor()}. Read at start and to reconcile. */
  Snapshot snapshot();

  /**
   * The next events after a cursor, oldest first, at most {@code max}. Reading the same cursor
   * twice gives the same events as long as they are kept.
   */
  Page events(long cursor, int max);

  /**
   * Hands over a command and returns at once. Its outcome comes back as an event; a command whose
   * id was already carried out is answered with the same outcome again.
   */
  void execute(CloudCommand command);

  /** Events after the cursor asked for, and the cursor to ask with next. */
  record Page(List<Event> events, long next) {
    public Page {
      events = List.copyOf(events);
    }
  }

  /** The cloud at one moment. */
  record Snapshot(
      long cursor, List<HostReport> hosts, List<VmReport> vms, List<ShadowReport> shadows) {
    public Snapshot {
      hosts = List.copyOf(hosts);
      vms = List.copyOf(vms);
      shadows = List.copyOf(shadows);
    }
  }

  record HostReport(Host host, HostCondition condition) {}

  /**
   * A VM, as its cloud reports it.
   *
   * @param host where the cloud last knew it to be
   * @param running whether the cloud believes that it serves
   * @param term under which that instance was last made the primary, as its agent says; 0 at first
   */
  record VmReport(Vm vm, HostId host, boolean running, long term) {}

  /**
   * A shadow, as the agent on its host reports it.
   *
   * @param complete whether a first full state is acked and verified
   * @param term of the primary that closed its newest acked epoch
   * @param restored whether it came out of the chunk store and no primary has sent it an epoch
   *     since: it can take over, but a primary that lives has to fill it
   */
  record ShadowReport(
      VmId vm,
      HostId host,
      ShadowMode mode,
      Resources resident,
      boolean complete,
      long term,
      boolean restored) {

    /** One that a primary has filled, or is to. */
    public ShadowReport(
        VmId vm, HostId host, ShadowMode mode, Resources resident, boolean complete, long term) {
      this(vm, host, mode, resident, complete, term, false);
    }
  }
}
