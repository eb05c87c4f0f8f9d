package io.penumbra.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Offers routes. Bounded: so many calls at once, bodies so large; more are answered with 503 and
 * 413. What a handler throws is answered, and told to {@link Settings#onError}, never swallowed.
 */
public final class JsonServer implements AutoCloseable {

  static {
    // Read by the server's own classes when they are first used.
    // Head and body are two writes; without this the second waits for the first one's ack, up to
    // 40 ms.
    unlessSet("sun.net.httpserver.nodelay", "true");
    // Whoever has not said within so many seconds what he wants is hung up on.
    unlessSet("sun.net.httpserver.maxReqTime", "60");
  }

  private static void unlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private final HttpServer server;
  private final ExecutorService threads;
  private final List<Route> routes;
  private final Settings settings;
  private final Semaphore room;

  /**
   * How it is run.
   *
   * @param address port 0 takes any that is free
   * @param gatekeeper asked for every route that is not open
   * @param tls the certificate to show, if calls come encrypted
   * @param callerNeedsCertificate whether callers must show one of their own
   * @param callsMax calls that are handled at once
   * @param bodyMax bytes of a body
   * @param onError is told of what handlers throw and nobody foresaw
   */
  public record Settings(
      InetSocketAddress address,
      Gatekeeper gatekeeper,
      Optional<SSLContext> tls,
      boolean callerNeedsCertificate,
      int callsMax,
      int bodyMax,
      ErrorListener onError) {

    /** Plain, with usual bounds. */
    public static Settings plain(
        InetSocketAddress address, Gatekeeper gatekeeper, ErrorListener onError) {
      return new Settings(address, gatekeeper, Optional.empty(), false, 512, 4 << 20, onError);
    }
  }

  /** Is told of failures. */
  @FunctionalInterface
  public interface ErrorListener {
    void failed(String route, Throwable cause);
  }

  private JsonServer(HttpServer server, List<Route> routes, Settings settings) {
    this.server = server;
    this.routes = List.copyOf(routes);
    this.settings = settings;
    room = new Semaphore(settings.callsMax());
    threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http-", 0).factory());
  }

  /**
   * Listens and answers from now on.
   *
   * @throws BadInputException if the address can't be had
   */
  public static JsonServer start(Settings settings, List<Route> routes) {
    try {
      HttpServer server =
          settings.tls().isPresent()
              ? https(settings.tls().get(), settings)
              : HttpServer.create(settings.address(), 0);
      JsonServer started = new JsonServer(server, routes, settings);
      server.setExecutor(started.threads);
      server.createContext("/", started::exchange);
      server.start();
      return started;
    } catch (IOException e) {
      throw new BadInputException(
          settings.address().toString(),
          "can't be listened on: " + e.getMessage(),
          "choose another address or port, or end what holds it",
          e);
    }
  }

  private static HttpServer https(SSLContext context, Settings settings) throws IOException {
    HttpsServer server = HttpsServer.create(settings.address(), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters chosen = getSSLContext().getDefaultSSLParameters();
            chosen.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
            chosen.setNeedClientAuth(settings.callerNeedsCertificate());
            parameters.setSSLParameters(chosen);
          }
        });
    return server;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  public List<Route> routes() {
    return routes;
  }

  /** Takes no more calls, and lets those under way end for a second. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
    try {
      if (!threads.awaitTermination(1, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private void exchange(HttpExchange exchange) {
    try (exchange) {
      send(exchange, answer(exchange));
    } catch (IOException e) {
      // the caller has gone; nobody is left to be told
    }
  }

  private Answer answer(HttpExchange exchange) throws IOException {
    if (!room.tryAcquire()) {
      return Answer.problem(
              503, "busy", "%d calls are being handled already".formatted(settings.callsMax()))
          .with("Retry-After", "1");
    }
    try {
      return routed(exchange);
    } finally {
      room.release();
    }
  }

  private Answer routed(HttpExchange exchange) throws IOException {
    String[] path = segments(exchange.getRequestURI().getRawPath());
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      Optional<Map<String, String>> match = route.match(path);
      if (match.isPresent()) {
        if (route.method().equals(exchange.getRequestMethod())) {
          return guarded(route, match.get(), exchange);
        }
        allowed.add(route.method());
      }
    }
    return allowed.isEmpty()
        ? Answer.problem(404, "no-such-route", exchange.getRequestURI().getPath() + " is unknown")
        : Answer.problem(405, "no-such-method", "allowed here: " + allowed)
            .with("Allow", String.join(", ", allowed));
  }

  private static String[] segments(String rawPath) {
    String[] path = rawPath.split("/", -1);
    for (int i = 0; i < path.length; i++) {
      path[i] = URLDecoder.decode(path[i].replace("+", "%2B"), StandardCharsets.UTF_8);
    }
    return path;
  }

  private Answer guarded(Route route, Map<String, String> path, HttpExchange exchange)
      throws IOException {
    Gatekeeper.Admission admission;
    try {
      admission =
          route.open()
              ? new Gatekeeper.Admission.Welcome("anybody")
              : settings.gatekeeper().admit(visitor(exchange));
    } catch (InterruptedException e) {
      return stopping();
    }
    return switch (admission) {
      case Gatekeeper.Admission.Welcome(String principal) ->
          welcomed(route, path, principal, exchange);
      case Gatekeeper.Admission.Stranger() ->
          Answer.problem(401, "no-valid-token", "send Authorization: Bearer TOKEN")
              .with("WWW-Authenticate", "Bearer");
      case Gatekeeper.Admission.Forbidden(String principal, String why) ->
          Answer.problem(403, "not-allowed", principal + " " + why);
      case Gatekeeper.Admission.Undecided(String why, Duration again) ->
          Answer.problem(503, "nobody-to-ask", why)
              .with("Retry-After", Long.toString(Math.max(1, again.toSeconds())));
    };
  }

  private static Gatekeeper.Visitor visitor(HttpExchange exchange) {
    return new Gatekeeper.Visitor() {
      @Override
      public String method() {
        return exchange.getRequestMethod();
      }

      @Override
      public Optional<String> header(String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
      }
    };
  }

  private Answer welcomed(
      Route route, Map<String, String> path, String principal, HttpExchange exchange)
      throws IOException {
    byte[] body =
        route.takesBody()
            ? exchange.getRequestBody().readNBytes(settings.bodyMax() + 1)
            : new byte[0];
    if (body.length > settings.bodyMax()) {
      return Answer.problem(
          413, "too-large", "the body is larger than %d bytes".formatted(settings.bodyMax()));
    }
    String what = route.method() + " " + route.template();
    return handled(
        route,
        new Call(what, path, query(exchange.getRequestURI().getRawQuery()), principal, body));
  }

  private static Answer stopping() {
    Thread.currentThread().interrupt();
    return Answer.problem(503, "stopping", "the server is being stopped");
  }

  private Answer handled(Route route, Call call) {
    try {
      return route.handler().handle(call);
    } catch (BadInputException e) {
      String advice = e.advice().isEmpty() ? "" : "; " + e.advice();
      return Answer.problem(400, "bad-input", e.getMessage() + advice);
    } catch (InterruptedException e) {
      return stopping();
    } catch (IllegalArgumentException e) {
      return Answer.problem(400, "bad-input", String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      settings.onError().failed(route.method() + " " + route.template(), e);
      return Answer.problem(500, "failed", "the server failed; its log says why");
    }
  }

  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> parameters = new TreeMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          parameters.put(
              URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
              URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
      }
    }
    return parameters;
  }

  private static void send(HttpExchange exchange, Answer answer) throws IOException {
    answer.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
    if (!answer.contentType().isEmpty()) {
      exchange.getResponseHeaders().set("Content-Type", answer.contentType());
    }
    byte[] body = new byte[answer.body().remaining()];
    answer.body().duplicate().get(body);
    try {
      exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
