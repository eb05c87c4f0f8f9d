package io.penumbra.web;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** Calls an API that speaks JSON, over kept connections. Safe for any number of threads. */
public final class JsonClient implements AutoCloseable {

  private final HttpClient http;
  private final URI root;
  private final Optional<String> token;

  /**
   * Calls one server.
   *
   * @param root {@code http://10.0.0.1:7410}
   * @param token is sent as a bearer token
   * @param tls whom to trust and what to show; the JDK's own list otherwise
   */
  public JsonClient(
      URI root, Optional<String> token, Optional<SSLContext> tls, Duration connectWithin) {
    this.root = root;
    this.token = token;
    HttpClient.Builder builder =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(connectWithin);
    tls.ifPresent(builder::sslContext);
    http = builder.build();
  }

  /** Without token and TLS. */
  public static JsonClient plain(URI root, Duration connectWithin) {
    return new JsonClient(root, Optional.empty(), Optional.empty(), connectWithin);
  }

  public URI root() {
    return root;
  }

  public <T> Reply<T> get(String path, Class<T> type, Duration within) throws InterruptedException {
    return send(request(path, within).GET().build(), type);
  }

  public <T> Reply<T> post(String path, Object body, Class<T> type, Duration within)
      throws InterruptedException {
    return send(request(path, within).POST(json(body)).build(), type);
  }

  public <T> Reply<T> put(String path, Object body, Class<T> type, Duration within)
      throws InterruptedException {
    return send(request(path, within).PUT(json(body)).build(), type);
  }

  public <T> Reply<T> delete(String path, Class<T> type, Duration within)
      throws InterruptedException {
    return send(request(path, within).DELETE().build(), type);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private static HttpRequest.BodyPublisher json(Object body) {
    return HttpRequest.BodyPublishers.ofByteArray(Json.write(body));
  }

  private HttpRequest.Builder request(String path, Duration within) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(root.resolve(path))
            .timeout(within)
            .header("Content-Type", "application/json");
    token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
    return request;
  }

  private <T> Reply<T> send(HttpRequest request, Class<T> type) throws InterruptedException {
    try {
      HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
      return response.statusCode() / 100 == 2 ? understood(response, type) : refused(response);
    } catch (ConnectException | HttpConnectTimeoutException e) {
      return new Reply.Unreachable<>("%s does not answer: %s".formatted(root, said(e)));
    } catch (HttpTimeoutException e) {
      return new Reply.Unclear<>("%s did not answer in time".formatted(root));
    } catch (UnresolvedAddressException e) {
      return new Reply.Unreachable<>("%s has no address".formatted(root));
    } catch (IOException e) {
      return new Reply.Unclear<>("the call to %s broke off: %s".formatted(root, said(e)));
    }
  }

  private static String said(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private <T> Reply<T> understood(HttpResponse<byte[]> response, Class<T> type) {
    if (type == Void.class) {
      return new Reply.Ok<>(nothing());
    }
    try {
      return new Reply.Ok<>(Json.MAPPER.readValue(response.body(), type));
    } catch (IOException e) {
      return new Reply.Unclear<>("%s answered in unknown words: %s".formatted(root, said(e)));
    }
  }

  // Void has no value but this one, and NullAway knows no Void.
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }

  private <T> Reply<T> refused(HttpResponse<byte[]> response) {
    String code = "";
    String detail = "status " + response.statusCode();
    try {
      JsonNode problem = Json.MAPPER.readTree(response.body());
      code = problem.path("title").asText("");
      detail = problem.path("detail").asText(detail);
    } catch (IOException e) {
      // no problem document; the status has to do
    }
    return new Reply.Refused<>(response.statusCode(), code, detail);
  }
}
