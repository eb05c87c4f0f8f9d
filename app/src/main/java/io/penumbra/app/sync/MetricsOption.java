package io.penumbra.app.sync;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option that shows what each stage does, to Prometheus or whoever reads its format. */
final class MetricsOption {

  private static final int HTTP_OK = 200;

  @Option(
      names = "--metrics",
      paramLabel = "HOST:PORT",
      description = "Show counts, bytes and times of every stage at http://HOST:PORT/metrics.")
  private Optional<String> address = Optional.empty();

  /** Where meters are to be registered; from now on they are shown, if somebody wants them. */
  MeterRegistry serve() throws IOException {
    if (address.isEmpty()) {
      return new SimpleMeterRegistry();
    }
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    serve(registry, address.get());
    return registry;
  }

  private static void serve(PrometheusMeterRegistry registry, String address) throws IOException {
    InetSocketAddress wanted = Addresses.parse("--metrics", address).getFirst();
    HttpServer server;
    try {
      server =
          HttpServer.create(new InetSocketAddress(wanted.getHostString(), wanted.getPort()), 0);
    } catch (IOException e) {
      throw new BadInputException(
          "--metrics",
          "can't listen on %s: %s".formatted(address, e.getMessage()),
          "Choose an address of this machine and a port that nobody uses.",
          e);
    }
    server.createContext(
        "/metrics",
        exchange -> {
          byte[] page = registry.scrape().getBytes(StandardCharsets.UTF_8);
          exchange
              .getResponseHeaders()
              .set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
          exchange.sendResponseHeaders(HTTP_OK, page.length);
          try (OutputStream body = exchange.getResponseBody()) {
            body.write(page);
          }
        });
    // Its dispatcher must not keep a process alive that is done.
    Thread starter = Thread.ofPlatform().daemon().unstarted(server::start);
    starter.start();
  }
}
