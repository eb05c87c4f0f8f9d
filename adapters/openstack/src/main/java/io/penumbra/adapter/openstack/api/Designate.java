package io.penumbra.adapter.openstack.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * Recordsets of every project's zones. OpenStack4j asks for those of its own project only, and
 * writes a TTL as text, which Designate does not take.
 *
 * @see <a href="https://docs.openstack.org/api-ref/dns/dns-api-v2-index.html">DNS API v2</a>
 */
public final class Designate {

  private final Rest rest;

  public Designate(Rest rest) {
    this.rest = rest;
  }

  public Answer recordset(String zone, String recordset) throws InterruptedException {
    return rest.get(Rest.DNS, "", path(zone, recordset));
  }

  /** Changes what is in the body and leaves the rest; Designate publishes it afterwards. */
  public Answer change(String zone, String recordset, JsonNode change) throws InterruptedException {
    return rest.ask(Rest.DNS, "", "PUT", path(zone, recordset), Optional.of(change));
  }

  private static String path(String zone, String recordset) {
    return "/v2/zones/%s/recordsets/%s".formatted(zone, recordset);
  }
}
