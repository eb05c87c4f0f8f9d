package io.penumbra.adapter.fencing.redfish;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Anonymous;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Basic;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Session;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One conversation with one management controller: its login, its questions, its logout. */
final class RedfishCall implements AutoCloseable {

  /** What it answered. */
  sealed interface Answer {}

  /** A resource. */
  record Resource(JsonNode json) implements Answer {}

  /** It takes the request, with this status. */
  record Accepted(int status) implements Answer {}

  /** It doesn't. */
  record Refused(int status) implements Answer {
    boolean mayHaveBeenDone() {
      return status >= 500;
    }
  }

  /** No answer, or none that can be read. */
  record Silent(String why) implements Answer {}

  private static final int BODY_MAX = 1 << 20;
  private static final ObjectMapper JSON = new JsonMapper();

  private final RedfishEndpoint endpoint;
  private final Duration patience;
  private final HttpClient client;
  private final Map<String, String> headers = new TreeMap<>();
  private Optional<String> session = Optional.empty();

  RedfishCall(RedfishEndpoint endpoint, Duration patience)
      throws GeneralSecurityException, IOException {
    this.endpoint = endpoint;
    this.patience = patience;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience);
    TrustedTls.context(endpoint.trust()).ifPresent(builder::sslContext);
    client = builder.build();
  }

  /** Says who we are; empty when that went well. */
  Optional<String> logIn() throws InterruptedException {
    return switch (endpoint.login()) {
      case Anonymous() -> Optional.empty();
      case Basic(Credentials credentials) -> {
        headers.put("Authorization", credentials.basic());
        yield Optional.empty();
      }
      case Session(Credentials credentials) -> openSession(credentials);
    };
  }

  private Optional<String> openSession(Credentials credentials) throws InterruptedException {
    String body =
        JSON.createObjectNode()
            .put("UserName", credentials.user())
            .put("Password", credentials.password())
            .toString();
    try {
      HttpResponse<String> answer = send("POST", "/redfish/v1/SessionService/Sessions", body);
      Optional<String> token = answer.headers().firstValue("X-Auth-Token");
      if (answer.statusCode() / 100 != 2 || token.isEmpty()) {
        return Optional.of("it opened no session (status %d)".formatted(answer.statusCode()));
      }
      headers.put("X-Auth-Token", token.get());
      session = answer.headers().firstValue("Location").flatMap(this::pathOf);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(describe(e));
    }
  }

  Answer get(String path) throws InterruptedException {
    try {
      HttpResponse<String> answer = send("GET", path, "");
      if (answer.statusCode() != 200) {
        return new Refused(answer.statusCode());
      }
      JsonNode json = JSON.readTree(answer.body());
      return json.isObject() ? new Resource(json) : new Silent("it answered with no object");
    } catch (JsonProcessingException e) {
      return new Silent("its answer can't be read");
    } catch (IOException e) {
      return new Silent(describe(e));
    }
  }

  Answer post(String path, String body) throws InterruptedException {
    try {
      HttpResponse<String> answer = send("POST", path, body);
      return answer.statusCode() / 100 == 2
          ? new Accepted(answer.statusCode())
          : new Refused(answer.statusCode());
    } catch (IOException e) {
      return new Silent(describe(e));
    }
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint.base().resolve(path))
            .timeout(patience)
            .header("Accept", "application/json")
            .header("OData-Version", "4.0");
    headers.forEach(request::header);
    if (!body.isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    request.method(
        method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), BODY_MAX));
  }

  /** A path on this controller; a token of ours goes nowhere else. */
  Optional<String> pathOf(String target) {
    try {
      URI whole = endpoint.base().resolve(target);
      boolean here =
          whole.getHost().equals(endpoint.base().getHost())
              && whole.getPort() == endpoint.base().getPort();
      return here ? Optional.of(whole.getRawPath()) : Optional.empty();
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  private static String describe(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  /** Controllers have few sessions, so ours is given back. */
  @Override
  public void close() {
    try {
      if (session.isPresent()) {
        send("DELETE", session.get(), "");
      }
    } catch (IOException e) {
      // It ends by itself, later.
      session = Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      client.shutdownNow();
    }
  }
}
