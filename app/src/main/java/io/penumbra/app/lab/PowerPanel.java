package io.penumbra.app.lab;

import io.penumbra.web.Answer;
import io.penumbra.web.Call;
import io.penumbra.web.Gatekeeper;
import io.penumbra.web.JsonServer;
import io.penumbra.web.Route;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * The lab's management controllers: speaks Redfish (DSP0266) and ends every process of a host when
 * its power goes off. {@code serve} switches hosts off through it as through a real one.
 */
final class PowerPanel implements AutoCloseable {

  /** A host's power. */
  interface Power {
    boolean isOn();

    void off();
  }

  private final JsonServer http;
  private final AtomicBoolean outOfOrder;

  private PowerPanel(JsonServer http, AtomicBoolean outOfOrder) {
    this.http = http;
    this.outOfOrder = outOfOrder;
  }

  /** Whether it refuses everything: nobody learns from it whether a host is on. */
  void outOfOrder(boolean now) {
    outOfOrder.set(now);
  }

  static PowerPanel open(String address, Function<String, Optional<Power>> hosts) {
    AtomicBoolean outOfOrder = new AtomicBoolean();
    return new PowerPanel(
        JsonServer.start(
            JsonServer.Settings.plain(
                new InetSocketAddress(InetAddress.ofLiteral(address), 0),
                Gatekeeper.everybody(),
                (route, cause) -> {}),
            List.of(
                Route.get(
                    "/redfish/v1/Systems/{host}",
                    call -> outOfOrder.get() ? refusal() : look(call, hosts)),
                Route.post(
                    "/redfish/v1/Systems/{host}/Actions/ComputerSystem.Reset",
                    call -> outOfOrder.get() ? refusal() : reset(call, hosts)))),
        outOfOrder);
  }

  private static Answer refusal() {
    return Answer.problem(503, "out-of-order", "it is out of order");
  }

  private static Answer look(Call call, Function<String, Optional<Power>> hosts) {
    String host = call.path("host");
    return hosts
        .apply(host)
        .map(power ->
            Answer.ok(
                Map.of(
                    "@odata.id",
                    "/redfish/v1/Systems/" + host,
                    "Id",
                    host,
                    "PowerState",
                    power.isOn() ? "On" : "Off",
                    "Actions",
                    Map.of(
                        "#ComputerSystem.Reset",
                        Map.of(
                            "target",
                            "/redfish/v1/Systems/%s/Actions/ComputerSystem.Reset"
                                .formatted(host))))))
        .orElseGet(() -> Answer.problem(404, "no-such-system", host));
  }

  private static Answer reset(Call call, Function<String, Optional<Power>> hosts) {
    hosts.apply(call.path("host")).ifPresent(Power::off);
    return Answer.nothing();
  }

  String url() {
    return "http://%s:%d"
        .formatted(http.address().getAddress().getHostAddress(), http.address().getPort());
  }

  @Override
  public void close() {
    http.close();
  }
}
