package io.penumbra.adapter.openstack.api;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.openstack4j.api.OSClient.OSClientV3;
import org.openstack4j.api.exceptions.AuthenticationException;
import org.openstack4j.api.types.Facing;
import org.openstack4j.core.transport.Config;
import org.openstack4j.model.common.Identifier;
import org.openstack4j.model.identity.v3.Endpoint;
import org.openstack4j.model.identity.v3.Project;
import org.openstack4j.model.identity.v3.Service;
import org.openstack4j.model.identity.v3.Token;
import org.openstack4j.openstack.OSFactory;

/**
 * One login, shared by everybody who speaks to the cloud. A token is renewed before it runs out,
 * and whenever a service does not accept it any more.
 */
public final class Session {

  private static final Duration BEFORE_THE_END = Duration.ofMinutes(2);

  private final Login login;
  private final InstantSource clock;
  private final Config config;
  private final Set<String> had = ConcurrentHashMap.newKeySet();
  private @Nullable Token current;

  /** A session that logs in when it is first used. */
  public Session(Login login, InstantSource clock) {
    this.login = login;
    this.clock = clock;
    config =
        Config.newConfig()
            .withConnectionTimeout((int) login.connect().toMillis())
            .withReadTimeout((int) login.answer().toMillis());
  }

  Login login() {
    return login;
  }

  /**
   * A token that should be accepted.
   *
   * @throws CloudUnavailableException if Keystone gives none
   */
  synchronized Token token() {
    Token known = current;
    if (known != null && !endsSoon(known)) {
      return known;
    }
    Token fresh = authenticate();
    current = fresh;
    return fresh;
  }

  private boolean endsSoon(Token token) {
    Instant end = token.getExpires() == null ? Instant.MAX : token.getExpires().toInstant();
    return end.isBefore(clock.instant().plus(BEFORE_THE_END));
  }

  /** This token is not accepted any more; the next question brings another one. */
  synchronized void refused(String token) {
    if (current != null && token.equals(current.getId())) {
      current = null;
    }
  }

  private Token authenticate() {
    try {
      return OSFactory.builderV3()
          .endpoint(login.keystone().toString())
          .credentials(login.user(), login.password(), Identifier.byId(login.userDomain()))
          .scopeToProject(
              Identifier.byName(login.project()), Identifier.byId(login.projectDomain()))
          .withConfig(config)
          .authenticate()
          .getToken();
    } catch (AuthenticationException e) {
      throw new CloudUnavailableException(
          "Keystone does not accept %s (status %d)".formatted(login, e.getStatus()));
    } catch (RuntimeException e) {
      // OpenStack4j lets whatever its connector throws through, and some of it repeats requests.
      throw new CloudUnavailableException(
          "Keystone at %s does not answer: %s"
              .formatted(login.keystone(), e.getClass().getSimpleName()));
    }
  }

  /** OpenStack4j for this thread, which it binds its clients to. */
  public OSClientV3 client() {
    return OSFactory.clientFromToken(token(), Facing.PUBLIC, config).useRegion(login.region());
  }

  /** Where a service is, without a slash at the end. */
  Optional<String> endpoint(String type) {
    for (Service service : token().getCatalog()) {
      if (type.equals(service.getType())) {
        for (Endpoint endpoint : service.getEndpoints()) {
          if (endpoint.getIface() == Facing.PUBLIC && login.region().equals(endpoint.getRegion())) {
            return Optional.of(endpoint.getUrl().toString().replaceAll("/+$", ""));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** The id of the project that what is made here belongs to, if Keystone says it. */
  public Optional<String> project() {
    return Optional.ofNullable(token().getProject()).map(Project::getId);
  }

  /** Whether the catalog has such a service, or ever had: an entry may be replaced just now. */
  public boolean has(String type) {
    if (endpoint(type).isPresent()) {
      had.add(type);
    }
    return had.contains(type);
  }
}
