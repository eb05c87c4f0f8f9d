package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.agent.BootClock;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.web.Answer;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.JsonServer;
import io.penumbra.web.Reply;
import io.penumbra.web.Route;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/** A controller without a loop: whoever tests gives the commands. */
final class TestController implements AutoCloseable {

  private static final long PATIENCE_NANOS = 90_000_000_000L;
  private static final long PAUSE_MILLIS = 50;

  private final Path books;
  private final JsonServer server;
  private volatile QemuCloud cloud;
  private final Set<HostId> deaf = ConcurrentHashMap.newKeySet();

  private TestController(Path books) {
    this.books = books;
    cloud = open();
    server =
        JsonServer.start(
            JsonServer.Settings.plain(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new BearerTokens(new TreeMap<>(Map.of("tests", TestHost.TOKEN))),
                (route, cause) -> cause.printStackTrace()),
            List.of(
                Route.post(
                    "/v1/heartbeat",
                    call -> {
                      String body = new String(call.bytes(), StandardCharsets.UTF_8);
                      boolean cut =
                          deaf.stream()
                              .anyMatch(h -> body.contains("\"host\":\"" + h + "\",\"address\""));
                      return cut
                          ? Answer.problem(503, "cut-off", "the network is cut")
                          : cloud.intake().routes().getFirst().handler().handle(call);
                    })));
  }

  static TestController start(Path books) {
    return new TestController(books);
  }

  private QemuCloud open() {
    return new QemuCloud(
        new QemuCloud.Settings(books, TestHost.TOKEN, Optional.empty(), TestHost.LEASE),
        host -> {},
        () -> {});
  }

  /** Another controller with the same books. */
  void restart() {
    cloud.close();
    cloud = open();
  }

  QemuCloud cloud() {
    return cloud;
  }

  String address() {
    return "http://%s:%d".formatted(server.address().getHostString(), server.address().getPort());
  }

  /** Heartbeats of that host don't arrive. */
  void cutOff(HostId host) {
    deaf.add(host);
  }

  void healed(HostId host) {
    deaf.remove(host);
  }

  void until(String what, BooleanSupplier holds) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new AssertionError("never seen: " + what);
      }
      Thread.sleep(2);
    }
  }

  /** Waits for so many events of a kind, from the start of this controller on. */
  void await(Class<? extends Event> kind, int count) throws InterruptedException {
    until(
        count + " " + kind.getSimpleName(),
        () -> cloud.events(0, 100_000).events().stream().filter(kind::isInstance).count() >= count);
  }

  /**
   * Has a command carried out and waits for its outcome. While nobody knows what came of it, as
   * when an agent is too slow to answer, it is given again, as the loop does.
   */
  Outcome run(Command.CloudCommand command) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    Outcome outcome = runOnce(command);
    while (outcome instanceof Outcome.Unknown && System.nanoTime() < until) {
      Thread.sleep(PAUSE_MILLIS);
      outcome = runOnce(command);
    }
    return outcome;
  }

  /** Asks whether its guest answers, until it does: one that came to life may take its time. */
  Outcome verify(VmId vm, HostId host) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      CommandId id = CommandId.of("verify-" + UUID.randomUUID());
      Outcome outcome = run(new Command.VerifyService(id, vm, host));
      boolean silent = outcome instanceof Outcome.Failed no && no.code().equals("no-answer");
      if (!silent || System.nanoTime() > until) {
        return outcome;
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private Outcome runOnce(Command.CloudCommand command) throws InterruptedException {
    long from = cloud.snapshot().cursor();
    cloud.execute(command);
    List<Outcome> found = new ArrayList<>();
    until(
        "the outcome of " + command,
        () -> {
          for (Event event : cloud.events(from, 100_000).events()) {
            if (event instanceof Event.CommandReported report
                && report.command().equals(command.id())) {
              found.add(report.outcome());
            }
          }
          return !found.isEmpty();
        });
    return found.getFirst();
  }

  /** Has an instance stopped; again, while nobody knows whether it was. */
  FencingResult fence(Command.FenceVm command) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    FencingResult result = cloud.stopInstance(command);
    while (result instanceof FencingResult.Unknown && System.nanoTime() < until) {
      Thread.sleep(PAUSE_MILLIS);
      result = cloud.stopInstance(command);
    }
    return result;
  }

  /** Something that is asked of an agent, and may be asked twice. */
  interface Question<T> {
    Reply<T> ask() throws InterruptedException;
  }

  /** What an agent answers; it is asked again while it is too slow to. */
  static <T> Reply<T> answer(Question<T> question) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    Reply<T> reply = question.ask();
    while ((reply instanceof Reply.Unreachable<T> || reply instanceof Reply.Unclear<T>)
        && System.nanoTime() < until) {
      Thread.sleep(PAUSE_MILLIS);
      reply = question.ask();
    }
    return reply;
  }

  /** Renews no more and waits until the keeper says that the lease has run out. */
  LeaseCalls.End awaitEnd(VmId vm, HostId primary, HostId keeper) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      Duration silent = cloud.leases().stop(vm, primary, new BootClock().getAsLong());
      LeaseCalls.End end = cloud.endOfLease(vm, primary, keeper, silent);
      boolean told = end.certain() ? end.ended() : !end.silent();
      if (told || System.nanoTime() > until) {
        return end;
      }
      Thread.sleep(Math.max(1, end.left().toMillis() + 1));
    }
  }

  Optional<InstanceReport> instance(TestHost host, VmId vm) {
    return host.instances().stream().filter(report -> report.vm().equals(vm)).findFirst();
  }

  /** What that host's agent last said of a VM. */
  Optional<InstanceReport> reported(HostId host, VmId vm) {
    return cloud.intake().last(host).stream()
        .flatMap(heartbeat -> heartbeat.instances().stream())
        .filter(report -> report.vm().equals(vm))
        .findFirst();
  }

  @Override
  public void close() {
    server.close();
    cloud.close();
  }
}
