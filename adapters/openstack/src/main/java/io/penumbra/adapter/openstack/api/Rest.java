package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import org.openstack4j.model.identity.v3.Token;

/**
 * Questions to services in JSON, with the session's token. A question that only reads is asked
 * again a few times when it breaks off; one that changes something is not, unless the service says
 * that it did nothing (429, and 503 with a time to come back).
 */
public final class Rest implements AutoCloseable {

  static final String DNS = "dns";

  private static final int TRIES = 4;
  private static final int BODY_MAX = 64 << 20;
  private static final int PAGES_MAX = 10_000;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new JsonMapper();

  private final Session session;
  private final HttpClient http;
  private final Semaphore atOnce;

  /**
   * A client.
   *
   * @param atOnceMax questions under way at once; APIs have few workers
   */
  public Rest(Session session, int atOnceMax) {
    this.session = session;
    atOnce = new Semaphore(atOnceMax);
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(session.login().connect())
            .build();
  }

  /**
   * One question.
   *
   * @param type of the service, as in the catalog
   * @param version value of OpenStack-API-Version, such as {@code compute 2.87}; empty for none
   * @param path below the service's endpoint
   */
  public Answer ask(
      String type, String version, String method, String path, Optional<JsonNode> body)
      throws InterruptedException {
    return ask(type, version, method, path, body, session.login().answer());
  }

  private Answer ask(
      String type,
      String version,
      String method,
      String path,
      Optional<JsonNode> body,
      Duration within)
      throws InterruptedException {
    boolean reads = method.equals("GET");
    Answer answer = new Answer.Broken("not asked");
    boolean renewed = false;
    Duration pause = FIRST_PAUSE;
    for (int i = 0; i < TRIES; i++) {
      Once once = once(type, version, method, path, body, within);
      answer = once.answer();
      if (answer instanceof Answer.Refused refused && refused.isUnauthorized() && !renewed) {
        renewed = true; // the token was given back; nothing was done
        continue;
      }
      boolean again =
          once.didNothing() || (reads && answer instanceof Answer.Broken && once.mayPass());
      if (!again) {
        return answer;
      }
      Duration wait = once.comeBack().orElse(pause);
      Thread.sleep(wait.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : wait);
      pause = pause.multipliedBy(2);
    }
    return answer;
  }

  public Answer get(String type, String version, String path) throws InterruptedException {
    return ask(type, version, "GET", path, Optional.empty());
  }

  /**
   * Everything in a list of many pages, each thing once even if pages overlap.
   *
   * @param list name of the list in each page, such as {@code servers}
   */
  public List<JsonNode> all(String type, String version, String path, String list)
      throws InterruptedException {
    return all(type, version, path, list, session.login().answer());
  }

  /** The same of a service that takes its time over lists; what used up all of it, it has once. */
  List<JsonNode> patiently(String type, String version, String path, String list)
      throws InterruptedException {
    return all(type, version, path, list, session.login().lists());
  }

  private List<JsonNode> all(String type, String version, String path, String list, Duration within)
      throws InterruptedException {
    List<JsonNode> found = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    Set<String> asked = new HashSet<>();
    String next = path;
    for (int page = 0; page < PAGES_MAX; page++) {
      if (!asked.add(next)) {
        throw new CloudUnavailableException(
            "%s: its pages go round in circles at %s".formatted(path, next));
      }
      JsonNode body = ask(type, version, "GET", next, Optional.empty(), within).orThrow(path);
      JsonNode things = body.path(list);
      if (!things.isArray()) {
        throw new CloudUnavailableException("%s: there is no list '%s'".formatted(path, list));
      }
      for (JsonNode thing : things) {
        if (ids.add(thing.path("id").asText(thing.toString()))) {
          found.add(thing);
        }
      }
      Optional<String> more = next(body.path(list + "_links"), path);
      if (more.isEmpty() || things.isEmpty()) {
        return found;
      }
      next = more.get();
    }
    throw new CloudUnavailableException("%s has more than %d pages".formatted(path, PAGES_MAX));
  }

  /** Only the query is taken over: behind a proxy the rest is often wrong. */
  private static Optional<String> next(JsonNode links, String path) {
    for (JsonNode link : links) {
      if (link.path("rel").asText().equals("next")) {
        String query = URI.create(link.path("href").asText()).getRawQuery();
        int mark = path.indexOf('?');
        return Optional.of((mark < 0 ? path : path.substring(0, mark)) + "?" + query);
      }
    }
    return Optional.empty();
  }

  /**
   * How one attempt ended.
   *
   * @param didNothing whether the service itself says that it did nothing and may be asked again
   * @param mayPass whether asking again could help a question that only reads
   */
  private record Once(
      Answer answer, boolean didNothing, boolean mayPass, Optional<Duration> comeBack) {

    static Once over(Answer answer) {
      return new Once(answer, false, false, Optional.empty());
    }

    static Once broken(String why) {
      return new Once(new Answer.Broken(why), false, true, Optional.empty());
    }
  }

  private Once once(
      String type,
      String version,
      String method,
      String path,
      Optional<JsonNode> body,
      Duration within)
      throws InterruptedException {
    atOnce.acquire();
    try {
      Token token = session.token();
      Optional<String> base = session.endpoint(type);
      if (base.isEmpty()) {
        // That there is none at all is Session's to say: an entry may be replaced just now.
        return new Once(
            new Answer.Broken("the catalog has no service of type " + type),
            false,
            false,
            Optional.empty());
      }
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(below(base.get(), path)))
              .header("Accept", "application/json")
              .header("X-Auth-Token", token.getId());
      if (!version.isEmpty()) {
        request.header("OpenStack-API-Version", version);
      }
      if (type.equals(DNS)) {
        // Without it Designate knows of no zones but those of the token's own project.
        request.header("X-Auth-All-Projects", "true");
      }
      if (body.isPresent()) {
        request.header("Content-Type", "application/json");
      }
      request.method(
          method,
          body.map(json -> BodyPublishers.ofString(json.toString()))
              .orElseGet(BodyPublishers::noBody));
      return read(token, type, WholeAnswer.to(request.build(), http, within, BODY_MAX));
    } catch (CloudUnavailableException e) {
      return Once.broken(String.valueOf(e.getMessage()));
    } catch (TimeoutException e) {
      boolean mayPass = within.compareTo(session.login().answer()) <= 0;
      String why = "%s %s: no answer within %s".formatted(type, method, within);
      return new Once(new Answer.Broken(why), false, mayPass, Optional.empty());
    } catch (IOException e) {
      return Once.broken("%s %s: %s".formatted(type, method, describe(e)));
    } finally {
      atOnce.release();
    }
  }

  /** Some catalogs have the version in the address of a service, and some have not. */
  private static String below(String base, String path) {
    return (path.startsWith("/v2") ? base.replaceFirst("/v2(\\.0)?$", "") : base) + path;
  }

  private Once read(Token token, String type, HttpResponse<String> response) {
    int status = response.statusCode();
    if (status / 100 == 2) {
      return body(type, status, response.body());
    }
    String said = "%s: %s".formatted(type, message(response.body()));
    Optional<Duration> comeBack = comeBack(response);
    if (status == 401) {
      session.refused(token.getId());
      return Once.over(new Answer.Refused(status, said));
    }
    if (status == 429 || (status == 503 && comeBack.isPresent())) {
      return new Once(
          new Answer.Broken("%s (status %d)".formatted(said, status)), true, true, comeBack);
    }
    if (status == 404 && !Absence.isToldBy(type, json(response.body()))) {
      return Once.broken("%s: status 404, and not by the service itself".formatted(type));
    }
    return status >= 500
        ? Once.broken("%s (status %d)".formatted(said, status))
        : Once.over(new Answer.Refused(status, said));
  }

  private static Once body(String type, int status, String text) {
    if (text.isBlank()) {
      return Once.over(new Answer.Ok(status, object()));
    }
    try {
      return Once.over(new Answer.Ok(status, JSON.readTree(text)));
    } catch (JsonProcessingException e) {
      return Once.broken(
          "%s: its answer of %d characters can't be read".formatted(type, text.length()));
    }
  }

  /** An empty object, to be filled. */
  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /** Services wrap what they say in various ways; a page of HTML is not repeated. */
  private static String message(String text) {
    JsonNode json = json(text);
    if (json.isMissingNode()) {
      return "no reason given";
    }
    JsonNode said = json.findValue("message");
    JsonNode detail = said == null ? json.findValue("detail") : said;
    JsonNode fault = detail == null ? json.findValue("faultstring") : detail; // Octavia's
    JsonNode last = fault == null ? json.findValue("description") : fault; // that of its framework
    String message = last == null ? "" : last.asText();
    return message.length() > 300 ? message.substring(0, 300) : message;
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  private static Optional<Duration> comeBack(HttpResponse<String> response) {
    try {
      return response
          .headers()
          .firstValue("Retry-After")
          .map(value -> Duration.ofSeconds(Long.parseLong(value.strip())));
    } catch (NumberFormatException e) {
      return Optional.empty(); // a date: the usual pause will do
    }
  }

  private static String describe(Exception e) {
    String message = e.getMessage();
    return (e.getClass().getSimpleName() + (message == null ? "" : " " + message))
        .toLowerCase(Locale.ROOT);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
