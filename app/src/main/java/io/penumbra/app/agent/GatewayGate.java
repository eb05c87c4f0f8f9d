package io.penumbra.app.agent;

import io.penumbra.adapter.qemu.agent.ServiceGate;
import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import io.penumbra.domain.VmId;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Tells a request gateway of cuts, acks and takeovers. A gateway that is away costs its protection,
 * never the VM's: cuts go on without it.
 */
final class GatewayGate implements ServiceGate {

  private static final int TAKEOVERS_MAX = 20;
  private static final long AGAIN_MILLIS = 50;

  private final Map<VmId, GatewayControl> gateways;
  private final Consumer<String> log;

  GatewayGate(Map<VmId, ? extends GatewayControl> gateways, Consumer<String> log) {
    this.gateways = new TreeMap<>(gateways);
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
    order(vm, "the quiet before epoch " + epoch, gateway -> gateway.beginCut(quietWithin));
    return 0; // the gateway itself knows which request belongs to which epoch
  }

  @Override
  public void cut(VmId vm, long epoch) {
    order(vm, "the cut of epoch " + epoch, gateway -> gateway.cut(epoch));
  }

  @Override
  public void acked(VmId vm, long epoch) {
    order(vm, "the ack of epoch " + epoch, gateway -> gateway.acked(epoch));
  }

  @Override
  public void promoted(VmId vm, long epoch, long requestLogPosition, InetSocketAddress address) {
    order(
        vm,
        "the takeover",
        gateway ->
            Thread.ofVirtual()
                .name("takeover " + vm)
                .start(() -> takeOver(vm, gateway, epoch, address)));
  }

  private void takeOver(VmId vm, GatewayControl gateway, long epoch, InetSocketAddress address) {
    for (int attempt = 1; attempt <= TAKEOVERS_MAX; attempt++) {
      try {
        switch (gateway.takeOver(address, epoch)) {
          case TakeoverOutcome.Done done -> {
            log.accept("gateway of %s follows to %s: %s".formatted(vm, address, done));
            return;
          }
          case TakeoverOutcome.Refused(String why) -> {
            log.accept(
                "gateway of %s can't replay from epoch %d: %s; clients are led there without"
                    .formatted(vm, epoch, why));
            gateway.redirect(address);
            return;
          }
          case TakeoverOutcome.Failed(String why) ->
              log.accept("gateway of %s, attempt %d: %s".formatted(vm, attempt, why));
        }
        Thread.sleep(AGAIN_MILLIS);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.accept("gateway of %s, attempt %d: %s".formatted(vm, attempt, e.getMessage()));
      }
    }
  }
}
