package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.Hypervisor;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Some hosts with agents, one real guest on them, and a client that writes to it and counts. */
final class GuestOnHosts {

  static final VmId VM = VmId.of("vm-1");
  private static final Resources SIZE = new Resources(2, 128, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final Duration INTERVAL = Duration.ofMillis(300);
  static final Duration BOOT = Duration.ofMinutes(2);

  private final Path directory;
  private final TestController controller;
  private final SortedMap<HostId, TestHost> hosts = new TreeMap<>();
  private final SortedMap<HostId, Integer> ports = new TreeMap<>();
  private final AtomicInteger answered = new AtomicInteger();
  private int commands;
  private int failures;

  /** What runs guests on a host. */
  interface Runs {
    Hypervisor on(Path directory, HostId host) throws IOException;
  }

  private GuestOnHosts(Path directory) {
    this.directory = directory;
    controller = TestController.start(directory.resolve("books.json"));
  }

  /** So many hosts; skipped without QEMU, unless CI=true. */
  static GuestOnHosts start(List<HostId> names, Runs runs) throws Exception {
    Lab.needed();
    GuestOnHosts all = new GuestOnHosts(ShortDirectory.create());
    try {
      for (HostId name : names) {
        all.ports.put(name, TestHost.freePort());
        all.hosts.put(
            name,
            TestHost.with(
                all.directory,
                name.value(),
                all.controller.address(),
                runs.on(all.directory, name)));
      }
      all.controller.await(Event.HostDiscovered.class, names.size());
      return all;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      all.close();
      throw e;
    }
  }

  TestController controller() {
    return controller;
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  int port(HostId host) {
    return Optional.ofNullable(ports.get(host)).orElseThrow();
  }

  TestHost at(HostId host) {
    return Optional.ofNullable(hosts.get(host)).orElseThrow();
  }

  /** How many writes were answered, one after the other. */
  int answered() {
    return answered.get();
  }

  /** Boots it on the first host; it may go on on all of them. */
  void boot(GuestSpec guest) throws Exception {
    HostId first = hosts.firstKey();
    var node =
        QemuHypervisor.describe(
            guest.withForwards(List.of(new PortForward("127.0.0.1", port(first), 6379))));
    for (HostId other : hosts.keySet()) {
      node =
          QemuHypervisor.alsoOn(
              node, other.value(), List.of(new PortForward("127.0.0.1", port(other), 6379)));
    }
    controller
        .cloud()
        .start(
            TestHost.spec(VM.value())
                .withGuest(
                    node,
                    new VmSpec.ServiceCheck(
                        "6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1))),
            first);
    controller.await(Event.VmCreated.class, 1);
    RedisClient.await(port(first), BOOT).close();
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  void protect(HostId primary, HostId shadow, ShadowMode mode) throws Exception {
    assertThat(create(primary, shadow, mode, false)).isEqualTo(DONE);
  }

  /** Makes a shadow of what the tier store has. */
  void restore(HostId lost, HostId shadow) throws Exception {
    assertThat(create(lost, shadow, ShadowMode.COLD, true)).isEqualTo(DONE);
  }

  private Outcome create(HostId primary, HostId shadow, ShadowMode mode, boolean fromStore)
      throws Exception {
    return controller.run(
        new Command.CreateShadow(
            next(), VM, primary, shadow, mode, SIZE, INTERVAL, false, fromStore));
  }

  long epoch(HostId host) {
    return controller.instance(at(host), VM).orElseThrow().epoch();
  }

  /** On return all that was written before is acked. */
  void awaitAck(HostId primary, HostId shadow) throws Exception {
    long now = epoch(primary);
    controller.until("a cut after this is acked", () -> epoch(shadow) > now);
  }

  /** Writes keys until the guest is gone; what was answered is counted. */
  Thread writer(HostId host) {
    return Thread.ofPlatform()
        .start(() -> {
          try (RedisClient redis = RedisClient.to(port(host))) {
            while (true) {
              int number = answered.get();
              redis.set("key-" + number, "value-" + number);
              answered.incrementAndGet();
            }
          } catch (IOException theGuestWasKilled) {
            // As it should be.
          }
        });
  }

  void kill(HostId primary) throws Exception {
    at(primary).killGuest(VM);
    controller.await(Event.GuestFailed.class, ++failures);
  }

  /** Kills it and makes sure; on return nothing comes to the shadow any more. */
  Outcome.Synced die(HostId primary, HostId shadow) throws Exception {
    kill(primary);
    assertThat(controller.fence(new Command.FenceVm(next(), VM, primary)))
        .isInstanceOf(FencingResult.Fenced.class);
    return sync(shadow);
  }

  Outcome.Synced sync(HostId shadow) throws Exception {
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, shadow, SIZE)))
        .isEqualTo(DONE);
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, shadow, Optional.empty()));
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    return (Outcome.Synced) outcome;
  }

  void activate(HostId shadow, Outcome.Synced state) throws Exception {
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, shadow, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
  }

  /** The new one answers, and the old one is put away. */
  void settle(HostId primary, HostId was) throws Exception {
    assertThat(controller.verify(VM, primary)).isEqualTo(DONE);
    assertThat(controller.run(new Command.RetirePrimary(next(), VM, was))).isEqualTo(DONE);
  }

  /** The host is gone with all that was on it. */
  void lose(HostId host) throws Exception {
    TestHost lost = at(host);
    hosts.remove(host);
    lost.close();
    lost.removeGuests(VM);
  }

  /** The image of one region of a shadow. */
  Path state(HostId host, String region) {
    return directory.resolve("%s/%s/state/%s.img".formatted(host, VM, region));
  }

  /** All that was answered before an acked cut, without a gap, summed up by the guest itself. */
  void expectKeys(HostId host, int atLeast) throws Exception {
    try (RedisClient redis = RedisClient.await(port(host), BOOT)) {
      int keys = (int) redis.size();
      assertThat(keys).isBetween(atLeast, answered.get() + 1);
      String all =
          IntStream.range(0, keys).mapToObj(i -> "value-" + i).collect(Collectors.joining());
      String summed =
          redis.call(
              "EVAL",
              "local all = {} for i = 0, ARGV[1] - 1 do all[#all + 1] = redis.call('GET', 'key-' .. i) end"
                  + " return redis.sha1hex(table.concat(all))",
              "0",
              String.valueOf(keys));
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      assertThat(summed)
          .isEqualTo(
              HexFormat.of().formatHex(sha1.digest(all.getBytes(StandardCharsets.US_ASCII))));
      answered.set(keys);
    }
  }

  void close() throws Exception {
    for (TestHost host : hosts.values()) {
      host.close();
      host.removeGuests(VM);
    }
    controller.close();
    ShortDirectory.delete(directory);
  }
}
