package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * Members of load balancers' pools.
 *
 * @see <a href="https://docs.openstack.org/api-ref/load-balancer/v2/">Load balancer API v2</a>
 */
public final class Octavia {

  private static final String TYPE = "load-balancer";

  private final Rest rest;

  public Octavia(Rest rest) {
    this.rest = rest;
  }

  public Answer pool(String pool) throws InterruptedException {
    return rest.get(TYPE, "", "/v2.0/lbaas/pools/" + pool);
  }

  public List<JsonNode> members(String pool) throws InterruptedException {
    return rest.all(TYPE, "", path(pool), "members");
  }

  public Answer add(String pool, JsonNode member) throws InterruptedException {
    return rest.ask(TYPE, "", "POST", path(pool), Optional.of(member));
  }

  public Answer remove(String pool, String member) throws InterruptedException {
    return rest.ask(TYPE, "", "DELETE", path(pool) + "/" + member, Optional.empty());
  }

  private static String path(String pool) {
    return "/v2.0/lbaas/pools/%s/members".formatted(pool);
  }
}
