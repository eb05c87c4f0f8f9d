package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AgentClient;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * What everything on one host shares.
 *
 * @param clock of {@link BootClock}'s kind
 * @param wall for events, which people read
 * @param page where a watchdog sees the leases
 */
record Surroundings(
    AgentSettings settings,
    Hypervisor hypervisor,
    ServiceGate gate,
    LongSupplier clock,
    InstantSource wall,
    LeasePage page,
    EventOutbox outbox,
    HostHealth health,
    Map<String, AgentClient> clients) {

  static Surroundings of(
      AgentSettings settings,
      Hypervisor hypervisor,
      ServiceGate gate,
      LongSupplier clock,
      InstantSource wall,
      LeasePage page,
      EventOutbox outbox) {
    return new Surroundings(
        settings,
        hypervisor,
        gate,
        clock,
        wall,
        page,
        outbox,
        new HostHealth(settings.host().id(), wall),
        new ConcurrentHashMap<>());
  }

  /** The agent at that address; connections are kept. */
  AgentClient agentAt(String address) {
    return clients.computeIfAbsent(
        address, at -> new AgentClient(at, settings.token(), settings.tls()));
  }

  Path scratch() {
    return settings.directory().resolve("scratch");
  }
}
