package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/**
 * Gives every agent that begins the orders of a failover, for a VM that nobody has: each is refused
 * and changes nothing. What is done for the first time takes several times as long as later, in
 * controller and agent alike, and the first time should not be the one that clients wait for. One
 * agent after the other, so that a cloud that begins is not busy with it.
 */
final class AgentDrill implements AutoCloseable {

  private static final int ROUNDS = 40;
  private static final Duration EACH = Duration.ofSeconds(2);

  private final ExecutorService queue =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("drill").factory());
  private final Function<HostId, Optional<AgentClient>> agents;

  AgentDrill(Function<HostId, Optional<AgentClient>> agents) {
    this.agents = agents;
  }

  /** An agent has begun. Returns at once. */
  void begun(HostId host) {
    if (!queue.isShutdown()) {
      queue.execute(() -> agents.apply(host).ifPresent(agent -> drill(host, agent)));
    }
  }

  private static void drill(HostId host, AgentClient agent) {
    VmId nobody = VmId.of("drill-" + UUID.randomUUID());
    Resources none = new Resources(1, 1, 0);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        agent.execute(new Command.VerifyService(id(), nobody, host), EACH);
        agent.execute(new Command.AllocateShadow(id(), nobody, host, none), EACH);
        agent.execute(new Command.SyncLast(id(), nobody, host, Optional.empty()), EACH);
        agent.execute(new Command.Activate(id(), nobody, host, 1, 1), EACH);
        agent.stopRenewing(nobody, new LeaseCalls.Stop(host, 1, false, Duration.ZERO));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static CommandId id() {
    return CommandId.of("drill." + UUID.randomUUID());
  }

  @Override
  public void close() {
    queue.shutdownNow();
  }
}
