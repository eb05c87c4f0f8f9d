package io.penumbra.app.agent;

import io.penumbra.adapter.qemu.agent.HypervisorException;
import io.penumbra.adapter.qemu.agent.ServiceGate;
import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.adapter.traffic.gateway.Comparison;
import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.Listening;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import io.penumbra.adapter.traffic.gateway.control.RemoteGateway;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Tells a request gateway of cuts, acks and takeovers. A gateway that is away costs its protection,
 * never the VM's: cuts go on without it. It is told that a cut was made only when it has said that
 * it held requests back: what it forwards while it does not is missing in the cut.
 */
final class GatewayGate implements ServiceGate {

  /** So many attempts follow one another quickly, and each of the rest slowly. */
  private static final int QUICK_ATTEMPTS = 20;

  private static final long AGAIN_MILLIS = 50;
  private static final long LATER_MILLIS = 500;

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

  /** The cut at which a gateway begins to keep what it forwards is worth a longer wait. */
  private static final Duration FIRST_QUIET = Duration.ofMillis(400);

  private final Map<VmId, GatewayControl> gateways;
  private final Map<VmId, Supplier<RemoteGateway>> lines;
  private final Consumer<String> log;

  /** The cut for which requests are held back, by VM. */
  private final Map<VmId, Long> begun = new ConcurrentHashMap<>();

  /** Since which cut a gateway has kept what it forwards, by VM. */
  private final Map<VmId, Long> guarded = new ConcurrentHashMap<>();

  GatewayGate(Map<VmId, ? extends GatewayControl> gateways, Consumer<String> log) {
    this(gateways, Map.of(), log);
  }

  /**
   * Speaks to the gateways of some VMs.
   *
   * @param lines how to call each once more, for what takes long
   */
  GatewayGate(
      Map<VmId, ? extends GatewayControl> gateways,
      Map<VmId, Supplier<RemoteGateway>> lines,
      Consumer<String> log) {
    this.gateways = new TreeMap<>(gateways);
    this.lines = new TreeMap<>(lines);
    this.log = log;
  }

  private interface Order {
    void to(GatewayControl gateway);
  }

  private void order(VmId vm, String what, Order order) {
    Optional.ofNullable(gateways.get(vm))
        .ifPresent(gateway -> {
          try {
            order.to(gateway);
          } catch (RuntimeException e) {
            log.accept("gateway of %s: %s failed: %s".formatted(vm, what, e.getMessage()));
          }
        });
  }

  @Override
  public long cutting(VmId vm, long epoch, Duration quietWithin) {
    begun.remove(vm);
    boolean first = !guarded.containsKey(vm) && quietWithin.compareTo(FIRST_QUIET) < 0;
    order(
        vm,
        "the quiet before epoch " + epoch,
        gateway -> {
          gateway.beginCut(first ? FIRST_QUIET : quietWithin);
          begun.put(vm, epoch);
        });
    return 0; // the gateway itself knows which request belongs to which epoch
  }

  @Override
  public void cut(VmId vm, long epoch) {
    if (begun.remove(vm, epoch)) {
      order(vm, "the cut of epoch " + epoch, gateway -> isCut(vm, epoch, gateway.cut(epoch)));
    }
  }

  private void isCut(VmId vm, long epoch, Cut cut) {
    switch (cut) {
      // One that keeps nothing at all has nothing in doubt.
      case Cut.Taken taken when taken.protectedNow() || taken.inDoubt() == 0 ->
          guarded.putIfAbsent(vm, epoch);
      case Cut.Taken _ -> guarded.remove(vm);
      case Cut.Lapsed _ -> {
        // What it kept since an earlier cut, it keeps.
      }
    }
  }

  @Override
  public boolean guards(VmId vm, long acked) {
    Long since = guarded.get(vm);
    return !gateways.containsKey(vm) || (since != null && since <= acked);
  }

  @Override
  public void acked(VmId vm, long epoch) {
    order(vm, "the ack of epoch " + epoch, gateway -> gateway.acked(epoch));
  }

  @Override
  public boolean leads(VmId vm) {
    return gateways.containsKey(vm);
  }

  @Override
  public void promoted(VmId vm, Promotion from, InetSocketAddress address, Arrival arrival) {
    lead(vm, address, arrival, (gateway, attempt) -> follows(vm, gateway, from, address, attempt));
  }

  @Override
  public void booted(VmId vm, InetSocketAddress address, Arrival arrival) {
    lead(vm, address, arrival, (gateway, attempt) -> redirects(vm, gateway, address, attempt));
  }

  private interface Attempt {
    boolean succeeds(GatewayControl gateway, int attempt);
  }

  /**
   * Until it has worked, beside all else: a guest whose state was cut while it booted, or one on a
   * busy host, takes its time, and clients wait for nobody else.
   */
  private void lead(VmId vm, InetSocketAddress address, Arrival arrival, Attempt attempt) {
    guarded.remove(vm);
    Optional.ofNullable(gateways.get(vm))
        .ifPresent(gateway ->
            Thread.ofVirtual()
                .name("clients of " + vm)
                .start(() -> lead(vm, gateway, address, arrival, attempt)));
  }

  private void lead(
      VmId vm,
      GatewayControl gateway,
      InetSocketAddress address,
      Arrival arrival,
      Attempt attempt) {
    try {
      for (int tried = 1; arrival.presence() != Presence.GONE; tried++) {
        if (arrival.presence() == Presence.SERVES && attempt.succeeds(gateway, tried)) {
          // A takeover is the end of what was kept for the instance before.
          guarded.remove(vm);
          arrival.led();
          return;
        }
        Thread.sleep(tried < QUICK_ATTEMPTS ? AGAIN_MILLIS : LATER_MILLIS);
      }
      log.accept("gateway of %s: not led to %s, for it is gone from here".formatted(vm, address));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean redirects(
      VmId vm, GatewayControl gateway, InetSocketAddress address, int attempt) {
    try {
      gateway.redirect(address);
      return true;
    } catch (RuntimeException e) {
      complain(vm, attempt, String.valueOf(e.getMessage()));
      return false;
    }
  }

  private boolean follows(
      VmId vm, GatewayControl gateway, Promotion from, InetSocketAddress address, int attempt) {
    try {
      return switch (gateway.takeOver(address, from.epoch(), from.term())) {
        case TakeoverOutcome.Done done -> {
          log.accept("gateway of %s follows to %s: %s".formatted(vm, address, done));
          yield true;
        }
        case TakeoverOutcome.Refused(String why) -> {
          log.accept(
              "gateway of %s can't replay from epoch %d: %s; clients are led there without"
                  .formatted(vm, from.epoch(), why));
          gateway.redirect(address);
          yield true;
        }
        case TakeoverOutcome.Failed(String why) -> {
          complain(vm, attempt, why);
          yield false;
        }
      };
    } catch (RuntimeException e) {
      complain(vm, attempt, String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Each of the quick attempts, and one in so many of the slow. */
  private void complain(VmId vm, int attempt, String why) {
    if (attempt <= QUICK_ATTEMPTS || attempt % QUICK_ATTEMPTS == 0) {
      log.accept("gateway of %s, attempt %d: %s".formatted(vm, attempt, why));
    }
  }

  /** On a line of its own: cuts, acks and takeovers must not wait for a comparison. */
  @Override
  public Hearing listen(VmId vm, Duration within) throws HypervisorException {
    Supplier<RemoteGateway> line = lines.get(vm);
    if (line == null) {
      return ServiceGate.super.listen(vm, within);
    }
    RemoteGateway gateway = line.get();
    try {
      return switch (gateway.listen(within)) {
        case Listening.Since(long epoch) -> new Heard(gateway, epoch);
        case Listening.Refused(String why) -> throw refusal(gateway, "no-log", why);
      };
    } catch (UncheckedIOException e) {
      throw refusal(gateway, "no-gateway", String.valueOf(e.getMessage()));
    }
  }

  private static HypervisorException refusal(RemoteGateway gateway, String code, String why) {
    hangUp(gateway);
    return new HypervisorException(code, why);
  }

  private static void hangUp(RemoteGateway gateway) {
    try {
      gateway.close();
    } catch (IOException e) {
      // The line is down either way.
    }
  }

  /** What a gateway keeps. */
  private record Heard(RemoteGateway gateway, long epoch) implements Hearing {

    @Override
    public AnswerReport tell(InetSocketAddress copy) throws HypervisorException {
      try {
        return switch (gateway.compare(copy, ANSWER_WITHIN)) {
          case Comparison.Done done ->
              new AnswerReport(
                  done.epoch(),
                  done.told(),
                  done.compared(),
                  done.unstable(),
                  done.differing(),
                  done.differences().stream().map(Heard::difference).toList(),
                  done.cutShort(),
                  0,
                  done.micros() / 1_000);
          case Comparison.Refused(String why) -> throw new HypervisorException("no-answer", why);
        };
      } catch (UncheckedIOException e) {
        throw new HypervisorException("no-gateway", String.valueOf(e.getMessage()), e);
      }
    }

    private static AnswerReport.Difference difference(Comparison.Difference found) {
      return new AnswerReport.Difference(
          found.request(),
          found.command(),
          found.bytes(),
          found.copyBytes(),
          found.firstAt(),
          found.differing());
    }

    @Override
    public void close() {
      hangUp(gateway);
    }
  }
}
