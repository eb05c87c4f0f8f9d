package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.penumbra.web.BearerTokens;
import io.penumbra.web.Gatekeeper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;

/**
 * Callers known by a token of Keystone's, in {@code X-Auth-Token}, as every client of OpenStack
 * sends it. Keystone is asked about a token with that very token, which it allows everybody (policy
 * {@code identity:validate_token}, subject of the token), so this needs no rights of its own.
 * Tokens that are bound to access rules are refused by Keystone, since this service does not say
 * that it keeps them. What was said is believed for a minute; a token that is taken back is good
 * for as long. That it knows no such token is believed for a few seconds. Only digests of tokens
 * are kept.
 *
 * @see <a
 *     href="https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token">
 *     Identity API v3, validate token</a>
 */
public final class KeystoneCallers implements Gatekeeper, AutoCloseable {

  private static final Duration BELIEVED = Duration.ofMinutes(1);
  private static final Duration REFUSED = Duration.ofSeconds(5);
  private static final Duration AGAIN = Duration.ofSeconds(2);
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final int KNOWN_MAX = 1_000;
  private static final int AT_ONCE = 16;

  /**
   * Beside those: so many more for tokens that were good, for strangers can take all the others.
   */
  private static final int KEPT = 8;

  private static final int TOKEN_MAX = 8_192;
  private static final int BODY_MAX = 1 << 20;
  private static final ObjectMapper JSON = new JsonMapper();

  private final URI tokens;
  private final Rules rules;
  private final Duration answer;
  private final InstantSource clock;
  private final HttpClient http;
  private final Semaphore room = new Semaphore(AT_ONCE);
  private final Semaphore keptRoom = new Semaphore(KEPT);
  private final SequencedMap<String, Known> known = new LinkedHashMap<>(16, 0.75f, true);

  /** Tokens that were good when they were last asked about, and until when they may be. */
  private final SequencedMap<String, Instant> good = new LinkedHashMap<>(16, 0.75f, true);

  /** Tokens that Keystone does not know, and until when it is not asked about them again. */
  private final SequencedMap<String, Instant> refused = new LinkedHashMap<>();

  /**
   * Who may do what.
   *
   * @param roles names of the roles whose holders may do everything
   * @param readers names of the roles whose holders may look: GET
   * @param project name of the project that a token has to be scoped to; empty for any
   * @param domain id of that project's domain
   */
  public record Rules(
      List<String> roles, List<String> readers, Optional<String> project, String domain) {
    public Rules {
      roles = List.copyOf(roles);
      readers = List.copyOf(readers);
      if (roles.isEmpty() && readers.isEmpty()) {
        throw new IllegalArgumentException("neither roles nor readers: nobody could call");
      }
    }
  }

  /** What Keystone said of a token, and until when it is believed. */
  private record Known(Holder holder, Instant until) {}

  private record Holder(String name, List<String> roles, boolean inProject) {}

  /**
   * Asks this Keystone.
   *
   * @param keystone its address, with {@code /v3}
   */
  public KeystoneCallers(URI keystone, Rules rules, InstantSource clock) {
    this(keystone, rules, ANSWER, clock);
  }

  /**
   * Asks this Keystone.
   *
   * @param keystone its address, with {@code /v3}
   * @param answer how long it may take to answer
   */
  public KeystoneCallers(URI keystone, Rules rules, Duration answer, InstantSource clock) {
    tokens = URI.create(keystone.toString().replaceAll("/+$", "") + "/auth/tokens?nocatalog");
    this.rules = rules;
    this.answer = answer;
    this.clock = clock;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(answer)
            .build();
  }

  @Override
  public Admission admit(Visitor visitor) throws InterruptedException {
    Optional<String> shown = visitor.header("X-Auth-Token").map(String::strip);
    if (shown.isEmpty() || !mayBeToken(shown.get())) {
      return new Admission.Stranger();
    }
    String token = shown.get();
    String digest = HexFormat.of().formatHex(BearerTokens.digest(token));
    Optional<Holder> remembered = remembered(digest);
    if (remembered.isPresent()) {
      return judge(remembered.get(), visitor.method());
    }
    if (isRefused(digest)) {
      return new Admission.Stranger();
    }
    boolean kept = wasGood(digest) && keptRoom.tryAcquire();
    if (!kept && !room.tryAcquire()) {
      // whoever waited here would keep others from calling at all
      return undecided("%d other tokens are being asked about".formatted(AT_ONCE));
    }
    try {
      return asked(token, digest, visitor.method());
    } catch (IOException | TimeoutException e) {
      return undecided("it does not answer: " + e.getClass().getSimpleName());
    } finally {
      (kept ? keptRoom : room).release();
    }
  }

  /** Visible ASCII, as a header can carry it, and no longer than any token is. */
  private static boolean mayBeToken(String text) {
    return !text.isEmpty()
        && text.length() <= TOKEN_MAX
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private synchronized Optional<Holder> remembered(String digest) {
    Known found = known.get(digest);
    if (found == null || !clock.instant().isBefore(found.until())) {
      known.remove(digest);
      return Optional.empty();
    }
    return Optional.of(found.holder());
  }

  private synchronized boolean isRefused(String digest) {
    Instant until = refused.get(digest);
    return until != null && clock.instant().isBefore(until);
  }

  private synchronized boolean wasGood(String digest) {
    Instant end = good.get(digest);
    return end != null && clock.instant().isBefore(end);
  }

  private synchronized void refuse(String digest) {
    good.remove(digest);
    refused.remove(digest);
    refused.put(digest, clock.instant().plus(REFUSED));
    if (refused.size() > KNOWN_MAX) {
      refused.pollFirstEntry();
    }
  }

  private synchronized void remember(String digest, Known found, Instant end) {
    known.put(digest, found);
    if (known.size() > KNOWN_MAX) {
      known.pollFirstEntry();
    }
    good.put(digest, end);
    if (good.size() > KNOWN_MAX) {
      good.pollFirstEntry();
    }
  }

  private Admission asked(String token, String digest, String method)
      throws IOException, InterruptedException, TimeoutException {
    HttpRequest request =
        HttpRequest.newBuilder(tokens)
            .timeout(answer)
            .header("Accept", "application/json")
            .header("X-Auth-Token", token)
            .header("X-Subject-Token", token)
            .build();
    HttpResponse<String> response = WholeAnswer.to(request, http, answer, BODY_MAX);
    return switch (response.statusCode()) {
      case 200 -> {
        JsonNode said = JSON.readTree(response.body()).path("token");
        Optional<Instant> end = end(said);
        if (end.isEmpty()) {
          yield undecided("its answer does not say until when the token is good");
        }
        Holder holder = holder(said);
        Instant soon = clock.instant().plus(BELIEVED);
        remember(digest, new Known(holder, end.get().isBefore(soon) ? end.get() : soon), end.get());
        yield judge(holder, method);
      }
      case 401, 404 -> {
        refuse(digest);
        yield new Admission.Stranger();
      }
      case 403 -> undecided("its policy lets no token be looked at by itself (status 403)");
      default -> undecided("it answers with status " + response.statusCode());
    };
  }

  private static Optional<Instant> end(JsonNode token) {
    try {
      return Optional.of(Instant.parse(token.path("expires_at").asText()));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private Holder holder(JsonNode token) {
    JsonNode project = token.path("project");
    boolean inProject =
        rules.project().isEmpty()
            || (rules.project().get().equals(project.path("name").asText())
                && rules.domain().equals(project.path("domain").path("id").asText()));
    TreeSet<String> roles = new TreeSet<>();
    token.path("roles").forEach(role -> roles.add(role.path("name").asText()));
    JsonNode user = token.path("user");
    return new Holder(
        "%s@%s".formatted(user.path("name").asText(), user.path("domain").path("name").asText()),
        List.copyOf(roles),
        inProject);
  }

  private Admission judge(Holder holder, String method) {
    if (!holder.inProject()) {
      return new Admission.Forbidden(
          holder.name(), "is not in project " + rules.project().orElse(""));
    }
    if (holder.roles().stream().anyMatch(rules.roles()::contains)) {
      return new Admission.Welcome(holder.name());
    }
    boolean reads = holder.roles().stream().anyMatch(rules.readers()::contains);
    if (reads && method.equals("GET")) {
      return new Admission.Welcome(holder.name());
    }
    return new Admission.Forbidden(
        holder.name(),
        "has roles %s; %s needs one of %s"
            .formatted(holder.roles(), method, method.equals("GET") ? everyRole() : rules.roles()));
  }

  private List<String> everyRole() {
    TreeSet<String> every = new TreeSet<>(rules.roles());
    every.addAll(rules.readers());
    return List.copyOf(every);
  }

  private static Admission undecided(String why) {
    return new Admission.Undecided("Keystone can't be asked about your token: " + why, AGAIN);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
